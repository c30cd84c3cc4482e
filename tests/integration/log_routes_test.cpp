// The calls of the provable log at the real listener, over TLS and a real PostgreSQL: what a provider does with them from outside,
// with nothing but the answers in hand.

#include "gateway/dossier/time.hpp"
#include "gateway/ledger/head.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/ledger/proof.hpp"
#include "gateway/ledger/statement.hpp"
#include "schemas/base64.hpp"
#include "signing/signer.hpp"
#include "tests/support/hub.hpp"
#include "tests/support/ivanctl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace json = boost::json;
using support::Hub;
using support::text_in;
using testing::HasSubstr;

ledger::Hash hash_of(json::value const& hex)
{
    auto const octets = signing::bytes_of_hex(std::string_view{hex.as_string()});
    ledger::Hash hash{};
    if (octets.size() == hash.size()) std::copy(octets.begin(), octets.end(), hash.begin());
    return hash;
}

std::string text_of(json::value const& text) { return std::string{text.as_string()}; }

ledger::Proof path_of(json::value const& answer)
{
    ledger::Proof path;
    for (auto const& one : answer.at("path").as_array()) path.push_back(hash_of(one));
    return path;
}

class LogRoutes : public testing::Test {
protected:
    LogRoutes()
    {
        hub_.clock = &clock_;
        hub_.start();
    }
    // Begins at noon of today, so that no test meets midnight.
    class FromNoon final : public runtime::Clock {
    public:
        [[nodiscard]] runtime::Instant now() const override { return std::chrono::system_clock::now() + ahead_; }

    private:
        runtime::Instant::duration const ahead_ = [] {
            auto const now = std::chrono::system_clock::now();
            return runtime::Instant{runtime::vietnam_day(now)} + std::chrono::hours{12} - runtime::vietnam_offset - now;
        }();
    };
    // An accepted dossier's id.
    std::string file(std::string const& key)
    {
        auto const answer = hub_.submit(hub_.dossier(), key);
        EXPECT_EQ(answer.status, 201) << answer.body;
        return text_in(answer, "/dossier_id");
    }
    ledger::TreeHead head()
    {
        ledger::TreeHead out;
        Hub::until("a head covers all there is", [&] {
            auto const answer = hub_.get("/v1/log/head");
            EXPECT_EQ(answer.status, 200) << answer.body;
            out = believed(text_in(answer, "/text"), text_in(answer, "/signature"));
            return out.size == static_cast<std::uint64_t>(support::Database::shared().count("SELECT coalesce(max(first_index + count), 0) FROM ivan.log_groups"));
        });
        return out;
    }
    ledger::TreeHead believed(std::string const& text, std::string const& signature)
    {
        EXPECT_TRUE(signing::verify_text(certificate_, text, schemas::base64_decode(signature).value_or("")));
        return ledger::read_head(text).value();
    }
    void expect_problem(std::string const& target, int status, std::string const& code)
    {
        auto const answer = hub_.get(target);
        EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
        EXPECT_EQ(text_in(answer, "/code"), code) << target;
        EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
        EXPECT_FALSE(text_in(answer, "/message_vi").empty());
    }
    [[nodiscard]] std::string today() const { return dossier::vietnam_date(runtime::vietnam_day(clock_.now())); }

    FromNoon clock_;
    Hub hub_;
    std::string const certificate_ = support::read_file(support::hub_pki() / "receipt/receipt.pem");
};

TEST_F(LogRoutes, AProviderProvesItsDossierAndItsRefusalAndThatTheLogOnlyGrew)
{
    auto const before = head();
    auto const id = file("a");
    auto const broken = std::string{"<Hoso>broken"};
    EXPECT_EQ(hub_.submit(broken, "b").status, 422);
    auto const middle = head();
    file("c");
    auto const after = head();
    ASSERT_EQ(after.size, before.size + 3);

    auto const receipt = hub_.get("/v1/dossiers/" + id + "/receipt").body;
    auto const code = text_in(hub_.get("/v1/dossiers/" + id), "/case_code");
    for (auto const& name : {id, code}) {
        auto const answer = hub_.get("/v1/log/proof?dossier=" + name);
        ASSERT_EQ(answer.status, 200) << answer.body;
        auto const proof = json::parse(answer.body);
        auto const octets = signing::bytes_of_hex(std::string_view{proof.at("entry").as_string()});
        auto const entry = std::get<ledger::Accepted>(ledger::read_entry(octets).value());
        EXPECT_EQ(entry.dossier_id, id);
        EXPECT_EQ(entry.case_code, code);
        EXPECT_EQ(entry.receipt_sha256, signing::sha256(receipt)) << "the receipt in hand";
        auto const& covering = proof.at("head");
        auto const root = believed(std::string{covering.at("text").as_string()}, std::string{covering.at("signature").as_string()}).root;
        auto const index = proof.at("index").to_number<std::uint64_t>(), size = proof.at("size").to_number<std::uint64_t>();
        EXPECT_THAT(receipt, HasSubstr("<ViTriNhatKy>" + std::to_string(index) + "</ViTriNhatKy>"));
        EXPECT_TRUE(ledger::verify_inclusion({index, size, ledger::leaf_hash(octets), root}, path_of(proof)).has_value());
    }
    auto const content = signing::hex(signing::sha256(broken));
    auto const refused = json::parse(hub_.get("/v1/log/proof?refusal=" + content + "&size=" + std::to_string(after.size)).body);
    auto const octets = signing::bytes_of_hex(std::string_view{refused.at("entry").as_string()});
    EXPECT_EQ(std::get<ledger::Refused>(ledger::read_entry(octets).value()).fault_id, "GW-3001");
    EXPECT_TRUE(refused.at("head").is_null()) << "the size was given";
    EXPECT_TRUE(ledger::verify_inclusion({refused.at("index").to_number<std::uint64_t>(), after.size, ledger::leaf_hash(octets), after.root}, path_of(refused)));

    auto const grew = json::parse(hub_.get("/v1/log/consistency?from=" + std::to_string(middle.size) + "&to=" + std::to_string(after.size)).body);
    EXPECT_TRUE(ledger::verify_consistency({middle.size, after.size, middle.root, after.root}, path_of(grew)).has_value());
}

TEST_F(LogRoutes, WhatIsWrongWithAQuestionIsSaid)
{
    auto const id = file("a");
    static_cast<void>(head());
    for (auto const* target : {"/v1/log/proof", "/v1/log/proof?dossier=", "/v1/log/proof?refusal=zz", "/v1/log/proof?dossier=1&refusal=2", "/v1/log/proof?dossier=1&size=-1",
                               "/v1/log/consistency", "/v1/log/consistency?from=0&to=1", "/v1/log/consistency?from=2&to=1", "/v1/log/consistency?from=1&to=99999999999999999999",
                               "/v1/log/statement", "/v1/log/statement?day=", "/v1/log/statement?day=2026-02-30", "/v1/log/statement?day=22/11/2026",
                               "/v1/log/statement/entries", "/v1/log/statement/entries?day=2026-02-30", "/v1/log/statement/entries?day=2026-02-20&after=x"})
        expect_problem(target, 400, "GW-1013");
    for (std::string const target : {"/v1/log/proof?dossier=00000000-0000-7000-8000-000000000000", "/v1/log/proof?dossier=99999.G/2026/00108",
                                     "/v1/log/consistency?from=1&to=1000000", "/v1/log/statement?day=2200-01-01", "/v1/log/statement/entries?day=2026-02-20&size=1000000"})
        expect_problem(target, 404, "GW-4006");
    expect_problem("/v1/log/proof?dossier=" + id + "&size=0", 404, "GW-4006");
    expect_problem("/v1/log/nothing", 404, "GW-1002");
}

TEST_F(LogRoutes, AnotherProvidersDossierIsNotThereForUs)
{
    auto const id = file("a");
    static_cast<void>(head());
    support::Database::shared().execute("UPDATE ivan.dossier_status SET provider = 'VNPT' WHERE dossier_id = '" + id + "'");
    expect_problem("/v1/log/proof?dossier=" + id, 404, "GW-4006");
    auto const statement = hub_.get("/v1/log/statement?day=" + today());
    EXPECT_EQ(statement.status, 200) << statement.body;
    EXPECT_EQ(text_in(statement, "/provider"), "THAISON");
    EXPECT_EQ(text_in(statement, "/accepted"), "0") << "the caller's own, whoever is named";
}

TEST_F(LogRoutes, WithoutACertificateAndWithOtherMethodsNothingIsTold)
{
    for (std::string const target : {"/v1/log/head", "/v1/log/proof?dossier=1", "/v1/log/consistency?from=1&to=2", "/v1/log/statement?day=2026-11-22", "/v1/log/statement/entries?day=2026-11-22"}) {
        EXPECT_EQ(hub_.anonymous(target).status, 401) << target;
        auto const posted = hub_.call({"POST", target, {{"Content-Type", "application/json"}}, "{}"});
        EXPECT_EQ(posted.status, 405) << target;
        EXPECT_THAT(std::string{posted.header("Allow")}, HasSubstr("GET"));
        EXPECT_EQ(text_in(posted, "/code"), "GW-1003");
        EXPECT_EQ(hub_.call({"DELETE", target, {}, ""}).status, 405) << target;
    }
    auto const asked = hub_.call({"HEAD", "/v1/log/head", {}, ""});
    EXPECT_EQ(asked.status, 200);
    EXPECT_EQ(asked.body, "");
    EXPECT_NE(asked.header("Content-Length"), "0");
    EXPECT_EQ(hub_.call({"HEAD", "/v1/log/statement?day=nothing", {}, ""}).status, 400);
}

TEST_F(LogRoutes, TheStatementOfTodaySaysThatItIsProvisionalAndItsListIsWhatWasSigned)
{
    file("key-%31"), file("100%");
    EXPECT_EQ(hub_.submit("<Hoso>broken", "b").status, 422);
    auto const answer = hub_.get("/v1/log/statement?day=" + today());
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(text_in(answer, "/state"), "provisional");
    auto const text = text_in(answer, "/text");
    EXPECT_TRUE(signing::verify_text(certificate_, text, schemas::base64_decode(text_in(answer, "/signature")).value_or("")));
    auto const said = ledger::read_statement(text).value();
    EXPECT_EQ(said.accepted, 2u);
    EXPECT_EQ(said.refused, (std::map<std::string, std::uint64_t>{{"GW-3001", 1}}));

    std::string all, after;
    do {
        auto const page = json::parse(hub_.get("/v1/log/statement/entries?day=" + today() + "&size=" + std::to_string(said.size) + "&after=" + after).body);
        for (auto const& line : page.at("lines").as_array()) all += std::string{line.as_string()} + "\n";
        after = page.at("next").is_null() ? "" : std::string{page.at("next").as_string()};
    } while (!after.empty());
    EXPECT_EQ(signing::sha256(all), said.entries);
    EXPECT_THAT(all, HasSubstr(" key-%2531 "));
    EXPECT_THAT(all, HasSubstr(" 100%25 "));
    EXPECT_EQ(hub_.get("/v1/log/statement?day=" + today()).body, answer.body) << "at most a minute old: the same one again";
}

TEST_F(LogRoutes, ClosedStatementsAreTheSameForEverAndIvanctlChecksThem)
{
    file("a"), file("b");
    EXPECT_EQ(hub_.submit("<Hoso>broken", "c").status, 422);
    // As if all that had been two days ago.
    auto const day = dossier::vietnam_date(runtime::vietnam_day(std::chrono::system_clock::now()) - std::chrono::days{2});
    auto& database = support::Database::shared();
    database.execute("UPDATE ivan.log_groups SET at = at - interval '2 days'");
    EXPECT_EQ(text_in(hub_.get("/v1/log/statement?day=" + day), "/state"), "closed");
    auto const first = hub_.get("/v1/log/statement?day=" + day);
    EXPECT_EQ(hub_.get("/v1/log/statement?day=" + day).body, first.body);
    hub_.restart();
    EXPECT_EQ(hub_.get("/v1/log/statement?day=" + day).body, first.body) << "kept in the database";

    support::TemporaryDirectory const directory;
    auto const file_name = (directory.path() / "statement").string();
    auto const pki = support::hub_pki();
    auto const asked = support::ivanctl({"audit", "statement", "--day", today(), "--url", hub_.intake_url(), "--ca", pki / "tls/ca.pem", "--cert", pki / "tls/thaison.pem",
                                         "--key", pki / "tls/thaison.key", "--out", file_name});
    ASSERT_EQ(asked.status, 0) << asked.text;
    auto const check = [&] { return support::ivanctl({"audit", "verify-statement", file_name, "--certificates", pki / "receipt/receipt.pem"}); };
    auto const good = check();
    EXPECT_EQ(good.status, 0) << good.text;
    EXPECT_THAT(good.text, HasSubstr("2 accepted, 1 refused"));

    auto const whole = support::read_file(file_name);
    auto const spoiled = [&](std::string const& from, std::string const& to) {
        auto text = whole;
        text.replace(text.find(from), from.size(), to);
        std::ofstream{file_name, std::ios::binary} << text;
        auto const said = check();
        std::ofstream{file_name, std::ios::binary} << whole;
        return said;
    };
    EXPECT_EQ(spoiled("accepted 2", "accepted 1").status, 1) << "the signed text";
    auto const line = whole.substr(whole.rfind("\naccepted ") + 1);
    auto const removed = spoiled(line.substr(0, line.find('\n') + 1), "");
    EXPECT_EQ(removed.status, 1);
    EXPECT_THAT(removed.text, HasSubstr("1 accepted are listed, 2 were signed for"));
    EXPECT_EQ(spoiled(" GW-3001", " GW-3002").status, 1);
    EXPECT_EQ(spoiled("signature ", "signature A").status, 1);

    std::ofstream{directory.path() / "mine"} << "a\nb\nnever-arrived\nc\n";
    auto const reconcile = [&] { return support::ivanctl({"audit", "reconcile", file_name, "--mine", directory.path() / "mine", "--json"}); };
    auto const beside = reconcile();
    EXPECT_EQ(beside.status, 1);
    auto const said = beside.json();
    EXPECT_EQ(json::serialize(said.at("missing").at("first")), R"(["never-arrived"])");
    EXPECT_EQ(json::serialize(said.at("refused").at("first")), R"(["c GW-3001"])");
    EXPECT_EQ(said.at("agreed").as_int64(), 2);
    std::ofstream{directory.path() / "mine"} << "a " << std::string(64, '0') << "\n";
    auto const other = reconcile().json();
    EXPECT_EQ(other.at("differs").at("count").as_int64(), 1);
    EXPECT_EQ(other.at("extra").at("count").as_int64(), 1);
}

TEST_F(LogRoutes, IvanctlProvesThatADossierStandsInTheLogFromItsReceiptAlone)
{
    file("before"), file("beside");
    auto const body = hub_.dossier();
    auto const id = text_in(hub_.submit(body, "a"), "/dossier_id");
    auto const other = file("other");
    support::TemporaryDirectory const directory;
    auto const pki = support::hub_pki();
    auto const kept_as = [&](std::string const& name, std::string const& bytes) {
        std::ofstream{directory.path() / name, std::ios::binary} << bytes;
        return (directory.path() / name).string();
    };
    auto const middle = head();
    auto const head_file = kept_as("head", hub_.get("/v1/log/head").body);
    auto const size = std::to_string(middle.size);
    auto const sized_file = kept_as("sized", hub_.get("/v1/log/proof?dossier=" + id + "&size=" + size).body);
    file("after"), file("afterwards");
    auto const newest = head();
    auto const proof = hub_.get("/v1/log/proof?dossier=" + id).body;
    auto const proof_file = kept_as("proof", proof);
    auto const consistency = hub_.get("/v1/log/consistency?from=" + size + "&to=" + std::to_string(newest.size)).body;
    auto const consistency_file = kept_as("consistency", consistency);
    auto const receipt_file = kept_as("receipt", hub_.get("/v1/dossiers/" + id + "/receipt").body);
    auto const dossier_file = kept_as("dossier", body);

    auto const verify = [&](std::vector<std::string> const& more) {
        std::vector<std::string> all{"receipt", "verify", receipt_file, "--dossier", dossier_file, "--certificates", pki / "receipt/receipt.pem", "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return support::ivanctl(all);
    };
    auto const good = verify({"--proof", proof_file});
    ASSERT_EQ(good.status, 0) << good.text;
    auto const said = good.json().at("log");
    EXPECT_EQ(said.at("index").to_number<std::uint64_t>(), json::parse(proof).at("index").to_number<std::uint64_t>());
    EXPECT_EQ(said.at("size").to_number<std::uint64_t>(), newest.size);
    EXPECT_EQ(said.at("root").as_string(), signing::hex(newest.root));
    EXPECT_EQ(verify({"--proof", proof_file, "--head", head_file, "--consistency", consistency_file}).status, 0);
    EXPECT_EQ(verify({"--proof", sized_file, "--head", head_file}).status, 0) << "asked for at the size of the kept head";

    // Trouble: what would decide is not there.
    EXPECT_EQ(verify({"--proof", proof_file, "--head", head_file}).status, 2);
    EXPECT_EQ(verify({"--proof", sized_file}).status, 2);
    EXPECT_EQ(verify({"--head", head_file}).status, 2);

    auto const no = [&](std::string const& what, std::string const& refusal, std::vector<std::string> const& more) {
        auto const ran = verify(more);
        EXPECT_EQ(ran.status, 1) << what << ": " << ran.text;
        if (ran.status != 1) return;
        EXPECT_EQ(ran.json().at("refusal").as_string(), refusal) << what << ": " << ran.text;
    };
    // One digit of what stands behind `mark` is another.
    auto const altered = [&](std::string text, std::string const& mark) {
        auto& digit = text.at(text.find(mark) + mark.size());
        digit = digit == '1' ? '2' : '1';
        return kept_as("altered", text);
    };
    no("path", "proof_wrong", {"--proof", altered(proof, "\"path\":[\"")});
    no("leaf hash", "proof_wrong", {"--proof", altered(proof, "\"leaf_hash\":\"")});
    no("entry", "other_entry", {"--proof", altered(proof, "\"entry\":\"010")});
    no("place", "other_place", {"--proof", altered(proof, "\"index\":")});
    no("size", "proof_not_of_head", {"--proof", altered(proof, "{\"index\":" + std::to_string(said.at("index").to_number<std::uint64_t>()) + ",\"size\":")});
    no("root", "proof_wrong", {"--proof", altered(proof, "root ")});
    no("head's time", "head_not_signed", {"--proof", altered(proof, "time 2")});
    no("head's signature", "head_not_signed", {"--proof", altered(proof, "\"signature\":\"")});
    no("another dossier's proof", "other_entry", {"--proof", kept_as("altered", hub_.get("/v1/log/proof?dossier=" + other).body)});
    no("no proof", "not_a_proof", {"--proof", head_file});
    no("no head", "not_a_head", {"--proof", proof_file, "--head", proof_file});
    auto const kept = support::read_file(head_file);
    no("kept head's time", "head_not_signed", {"--proof", sized_file, "--head", altered(kept, "time 2")});
    no("kept head's root", "proof_wrong", {"--proof", sized_file, "--head", altered(kept, "root ")});
    no("consistency", "other_log", {"--proof", proof_file, "--head", head_file, "--consistency", kept_as("altered", R"({"path":[]})")});

    // A hub that shows different people different logs signs both.
    auto const key = signing::KeyPair::load(pki / "receipt/receipt.key", pki / "receipt/receipt.pem");
    auto forked = newest;
    forked.root[0] ^= 1;
    auto const text = ledger::canonical_head(forked).value();
    no("two roots of one size", "other_log",
       {"--proof", proof_file, "--head", kept_as("altered", json::serialize(json::object{{"text", text}, {"signature", schemas::base64_encode(signing::sign_text(*key, text))}}))});

    std::ofstream{dossier_file, std::ios::binary} << hub_.dossier();
    no("another dossier", "other_dossier", {"--proof", proof_file});
}

TEST_F(LogRoutes, IvanctlComparesTheDatabaseWithAHeadThatWasKeptOutside)
{
    file("a"), file("b");
    static_cast<void>(head());
    support::TemporaryDirectory const directory;
    auto const kept = (directory.path() / "head").string();
    auto const answer = hub_.get("/v1/log/head").body;
    std::ofstream{kept, std::ios::binary} << answer;
    hub_.stop();
    auto& database = support::Database::shared();
    auto const verify = [&](std::vector<std::string> const& more) {
        std::vector<std::string> all{"audit", "verify", "--database-url", database.url(), "--certificate", support::hub_pki() / "receipt/receipt.pem", "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return support::ivanctl(all);
    };
    auto const good = verify({"--head", kept, "--head", kept});
    ASSERT_EQ(good.status, 0) << good.text;
    EXPECT_EQ(good.json().at("heads_kept").as_int64(), 2);
    EXPECT_EQ(good.json().at("heads_unverified").as_int64(), 0);

    auto altered = answer;
    auto& digit = altered.at(altered.find("root ") + 5);
    digit = digit == '1' ? '2' : '1';
    std::ofstream{kept, std::ios::binary} << altered;
    EXPECT_EQ(verify({"--head", kept}).status, 1);
    std::ofstream{kept, std::ios::binary} << "no head";
    EXPECT_EQ(verify({"--head", kept}).status, 2);
    std::ofstream{kept, std::ios::binary} << answer;

    // Everything that was filed, and everything that speaks of it.
    for (auto const* table : {"dossiers", "idempotency", "dossier_status", "log_groups", "log_heads", "case_counters"}) database.execute(std::string{"DELETE FROM ivan."} + table);
    EXPECT_EQ(verify({}).status, 0) << "the database alone does not tell";
    auto const found = verify({"--head", kept});
    EXPECT_EQ(found.status, 1) << found.text;
    EXPECT_EQ(text_of(found.json().at("findings").at(0).at("what")), "head");
    EXPECT_THAT(text_of(found.json().at("findings").at(0).at("detail")), testing::AllOf(HasSubstr(kept), HasSubstr("signed for 2 leaves, the log has 0")));
}

// The log at rest and the log that grows are signed for alike, so that whoever asks late finds what stood when.
TEST(LogHeads, AreSignedAtTheIntervalThoughNobodyAsks)
{
    Hub hub;
    hub.config.store.ledger.head_interval = std::chrono::milliseconds{150};
    hub.start();
    auto& database = support::Database::shared();
    Hub::until("three heads of the empty log", [&] { return database.count("SELECT count(*) FROM ivan.log_heads WHERE size = 0") >= 3; });
    ASSERT_EQ(hub.submit(hub.dossier(), "a").status, 201);
    Hub::until("a head covers the dossier", [&] { return database.count("SELECT count(*) FROM ivan.log_heads WHERE size = 1") > 0; });
    EXPECT_EQ(database.count("SELECT count(*) FROM (SELECT at - lag(at) OVER (ORDER BY head_id) AS apart FROM ivan.log_heads) h WHERE apart < interval '150 ms'"), 0)
        << "no more of them than asked for";
    auto const certificate = support::read_file(support::hub_pki() / "receipt/receipt.pem");
    auto const text = database.value("SELECT text FROM ivan.log_heads ORDER BY head_id DESC LIMIT 1");
    auto const signature = signing::bytes_of_hex(database.value("SELECT encode(signature, 'hex') FROM ivan.log_heads ORDER BY head_id DESC LIMIT 1"));
    EXPECT_EQ(ledger::read_head(text).value().size, 1u);
    EXPECT_TRUE(signing::verify_text(certificate, text, signature));
}

}  // namespace
