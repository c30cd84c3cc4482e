// The provable log over a real PostgreSQL: what commits write, what heads and proofs say of it, and what the audit finds when
// somebody has been at the tables.

#include "gateway/dossier/tree_head.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/store/log_audit.hpp"
#include "gateway/store/pg_log.hpp"
#include "schemas/base64.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::Answers;
using support::Gateway;
using support::PlainDossier;
using support::soon;
using testing::HasSubstr;

class LogAudit : public testing::Test {
protected:
    LogAudit()
    {
        database_.reset();
        config_.database_url = database_.url();
        config_.batch_rows_max = 7;
        gateway_.emplace(config_, seals());
        log_.emplace(gateway_->pool, store::LedgerConfig{"test", 1h, 0ms}, [this](auto size, auto const& root, auto at) { return sign(size, root, at); });
    }
    // Receipts as a hub gives them.
    [[nodiscard]] store::Sealer seals() const
    {
        return [key = key_](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *key); };
    }
    // A log of 300 dossiers and 12 refusals, with a signed head in between and at its end.
    void fill()
    {
        Answers answers{context_, gateway_->journal};
        for (int i = 0; i < 300; ++i) {
            if (i % 25 == 0) refuse(i);
            answers.offer({.key = "k" + std::to_string(i), .at = PlainDossier{}.at + std::chrono::milliseconds{i}});
            if (i == 100) {
                answers.wait();
                head();
            }
        }
        answers.wait();
        for (std::size_t i = 0; i < 300; ++i) {
            ASSERT_EQ(answers.why(i), "stored");
        }
        head();
    }
    void refuse(int i)
    {
        store::RefusalRecord record;
        record.provider = "THAISON";
        record.body = "<broken" + std::to_string(i);
        record.content_sha256 = signing::hex(signing::sha256(record.body));
        record.fault_id = "GW-3001";
        record.problem = "{}";
        record.at = PlainDossier{}.at + std::chrono::milliseconds{i};
        ASSERT_TRUE(support::run_task(context_, gateway_->journal.refuse(record, soon())).has_value());
    }
    store::SignedHead head()
    {
        now_ += 2s;
        auto made = support::run_task(context_, log_->head(0ms, now_, soon()));
        EXPECT_TRUE(made.has_value()) << made.error().detail;
        return made.has_value() ? *made : store::SignedHead{};
    }
    store::SignedHead sign(std::uint64_t size, ledger::Hash const& root, runtime::Instant at) const
    {
        ledger::TreeHead head{"test", size, root, std::chrono::floor<std::chrono::milliseconds>(at), {}};
        auto const& certificate = key_->certificate();
        head.key_id = certificate.fingerprint;
        auto text = ledger::canonical_head(head).value();
        auto signature = signing::sign_text(*key_, text);
        return {size, at, signing::hex(head.key_id), text, signature};
    }
    store::AuditReport audit(std::uint64_t from = 0)
    {
        store::AuditOptions options;
        options.from_index = from;
        options.certificates = {certificate_};
        return store::audit_log(database_.url(), options);
    }
    // The log's end from a commit's first leaf on, cleanly.
    void cut(std::string const& begin)
    {
        database_.execute("CREATE TEMP TABLE gone AS SELECT dossier_id FROM ivan.dossiers WHERE log_index >= " + begin +
                          "; DELETE FROM ivan.idempotency WHERE dossier_id IN (SELECT * FROM gone); DELETE FROM ivan.dossier_status WHERE dossier_id IN (SELECT * FROM gone);"
                          "DELETE FROM ivan.delivery_queue WHERE dossier_id IN (SELECT * FROM gone); DROP TABLE gone; DELETE FROM ivan.dossiers WHERE log_index >= " + begin +
                          "; DELETE FROM ivan.refusals WHERE log_index >= " + begin + "; DELETE FROM ivan.log_groups WHERE first_index >= " + begin +
                          "; DELETE FROM ivan.log_nodes WHERE ((index + 1) << level) > " + begin + "; DELETE FROM ivan.log_heads WHERE size > " + begin +
                          "; DELETE FROM ivan.statements WHERE size > " + begin);
    }
    // "what@index" of each finding.
    static std::vector<std::string> found(store::AuditReport const& report)
    {
        std::vector<std::string> out;
        for (auto const& finding : report.findings) out.push_back(finding.what + (finding.index ? "@" + std::to_string(*finding.index) : ""));
        return out;
    }
    [[nodiscard]] std::string one(std::string const& sql) { return database_.value(sql); }

    support::Database& database_ = support::Database::shared();
    support::Pki const& pki_ = support::Pki::shared();
    // In force when the dossiers below are filed.
    static signing::dev::Identity then(support::Pki const& pki, std::string const& tax_code)
    {
        auto request = pki.request(tax_code);
        request.not_before = PlainDossier{}.at - 24h;
        request.not_after = PlainDossier{}.at + 24h * 365;
        return signing::dev::issue(pki.issuing_ca, request);
    }
    signing::dev::Identity const identity_ = then(pki_, "0101300842");
    std::shared_ptr<signing::KeyPair const> key_ = support::Pki::key(identity_);
    std::string certificate_ = identity_.certificate_pem;
    store::StoreConfig config_;
    net::io_context context_{1};
    runtime::Instant now_ = PlainDossier{}.at;
    std::optional<Gateway> gateway_;
    std::optional<store::detail::PgLog> log_;
};

TEST_F(LogAudit, FindsNothingWhereNobodyHasBeen)
{
    fill();
    auto const report = audit();
    EXPECT_TRUE(report.clean()) << testing::PrintToString(found(report));
    EXPECT_EQ(report.size, 312u);
    EXPECT_EQ(report.dossiers, 300u);
    EXPECT_EQ(report.refusals, 12u);
    EXPECT_EQ(report.heads, 2u);
    EXPECT_EQ(report.heads_unverified, 0u);
    EXPECT_EQ(report.nodes, 1u) << "one subtree of 256 leaves";
    EXPECT_EQ(report.receipts_verified, 300u);
    EXPECT_EQ(report.receipts_unverified, 0u);
    EXPECT_TRUE(audit(200).clean()) << testing::PrintToString(found(audit(200)));
    EXPECT_LT(audit(200).leaves, 140u);
    auto const at_a_head = audit(std::stoul(one("SELECT min(size) FROM ivan.log_heads")));
    EXPECT_TRUE(at_a_head.clean()) << testing::PrintToString(found(at_a_head));
}

TEST_F(LogAudit, AnEmptyLogIsClean) { EXPECT_TRUE(audit().clean()); }

// One tampering after the other, each undone before the next by the value that stood there.
TEST_F(LogAudit, NamesEachOfTheTamperings)
{
    fill();
    auto const id = one("SELECT dossier_id FROM ivan.dossiers WHERE idempotency_key = 'k150'");
    auto const code = one("SELECT case_code FROM ivan.dossiers WHERE idempotency_key = 'k150'");
    auto const index = one("SELECT log_index FROM ivan.dossiers WHERE idempotency_key = 'k150'");
    auto const other = one("SELECT log_index FROM ivan.dossiers WHERE idempotency_key = 'k151'");
    auto const refusal = one("SELECT max(log_index) FROM ivan.refusals");
    auto const group = one("SELECT max(first_index) FROM ivan.log_groups WHERE first_index <= " + index);
    auto const place = std::to_string(std::stol(index) - std::stol(group));
    database_.execute("CREATE TABLE kept AS SELECT * FROM ivan.dossiers WHERE dossier_id = '" + id + "'");
    auto const body = [](std::string const& text) { return "'\\x" + signing::hex(store::detail::pack(store::detail::Codec::lz4, text)) + "'"; };
    auto const of = " WHERE dossier_id = '" + id + "'";

    struct Tampering {
        std::string name, sql;
        std::vector<std::string> expected;
        std::string undo;
    };
    auto const put_back = "DELETE FROM ivan.dossiers WHERE dossier_id = '" + id + "' OR trace_id = 'forged'; INSERT INTO ivan.dossiers SELECT * FROM kept";
    auto const saved = [&](std::string const& table, std::string const& sql) {
        return Tampering{"", "DROP TABLE IF EXISTS saved; CREATE TABLE saved AS SELECT * FROM ivan." + table + "; " + sql, {},
                         "DELETE FROM ivan." + table + "; INSERT INTO ivan." + table + (table == "log_heads" ? " OVERRIDING SYSTEM VALUE" : "") + " SELECT * FROM saved"};
    };
    std::vector<Tampering> all{
        {"body", "UPDATE ivan.dossiers SET body = " + body("<Hoso>forged</Hoso>") + of, {"body@" + index}, put_back},
        {"body and its hash", "UPDATE ivan.dossiers SET body = " + body("<Hoso>forged</Hoso>") + ", content_sha256 = sha256('<Hoso>forged</Hoso>')" + of, {"body@" + index}, put_back},
        {"receipt", "UPDATE ivan.dossiers SET receipt_xml = " + body("<PhieuTiepNhan>forged</PhieuTiepNhan>") + of, {"receipt@" + index}, put_back},
        {"case code", "UPDATE ivan.dossiers SET case_code = '99999.G/2026/00108'" + of, {"case_code@" + index}, put_back},
        {"provider", "UPDATE ivan.dossiers SET provider = 'VNPT'" + of, {"provider@" + index}, put_back},
        {"time", "UPDATE ivan.dossiers SET received_at = received_at + interval '1 second'" + of, {"received_at@" + index}, put_back},
        {"unit", "UPDATE ivan.dossiers SET unit_code = 'TA9999A'" + of, {"row@" + index, "answer@" + index}, put_back},
        {"forms", "UPDATE ivan.dossiers SET forms = jsonb_set(forms, '{0,sha256}', '\"00\"')" + of, {"row@" + index, "answer@" + index}, put_back},
        {"paper", "UPDATE ivan.dossiers SET paper_required = NOT paper_required" + of, {"row@" + index, "answer@" + index}, put_back},
        {"answer", "UPDATE ivan.dossiers SET receipt_json = " + body("{\"case_code\":\"" + code + "\"}") + of, std::vector<std::string>(12, "answer@" + index), put_back},
        {"answer, unreadable", "UPDATE ivan.dossiers SET receipt_json = 'x'" + of, {"answer@" + index}, put_back},
        {"deleted", "DELETE FROM ivan.dossiers" + of, {"missing@" + index, "missing"}, put_back},
        {"inserted without a leaf", "CREATE TEMP TABLE f AS SELECT * FROM kept; UPDATE f SET dossier_id = gen_random_uuid(), log_index = NULL, trace_id = 'forged', "
         "received_at = received_at + interval '1 hour'; INSERT INTO ivan.dossiers SELECT * FROM f; DROP TABLE f", {"not_logged"}, put_back},
        {"inserted with a forged index", "UPDATE ivan.dossiers SET log_index = " + other + of, {"log_index@" + other}, put_back},
        {"a copy at another's place", "CREATE TEMP TABLE f AS SELECT * FROM kept; UPDATE f SET log_index = " + other + ", trace_id = 'forged', received_at = received_at + interval '1 hour'; "
         "INSERT INTO ivan.dossiers SELECT * FROM f; DROP TABLE f", {"inserted@" + other}, put_back},
        {"two rows swapped", "UPDATE ivan.dossiers SET log_index = CASE log_index WHEN " + index + " THEN " + other + " ELSE " + index + " END WHERE log_index IN (" + index + ", " + other + ")",
         {"log_index@" + index, "log_index@" + other}, put_back + "; UPDATE ivan.dossiers SET log_index = " + other + " WHERE idempotency_key = 'k151'"},
        {"beyond", "UPDATE ivan.dossiers SET log_index = 5000" + of, {"beyond@5000", "missing@" + index}, put_back},
    };
    auto add = [&](std::string name, std::string const& table, std::string const& sql, std::vector<std::string> expected) {
        auto made = saved(table, sql);
        made.name = std::move(name);
        made.expected = std::move(expected);
        all.push_back(std::move(made));
    };
    add("leaf", "log_groups", "UPDATE ivan.log_groups SET hashes = set_byte(hashes, 32 * " + place + ", 255 - get_byte(hashes, 32 * " + place + ")) WHERE first_index = " + group,
        {"leaf@" + index});
    add("node", "log_nodes", "UPDATE ivan.log_nodes SET hash = sha256(hash)", {"node@0"});
    add("node deleted", "log_nodes", "DELETE FROM ivan.log_nodes", {"node@0"});
    add("frontier", "log_groups", "UPDATE ivan.log_groups SET frontier = overlay(frontier PLACING sha256('x') FROM 18) WHERE first_index = " + group, {"frontier@" + group});
    auto const last = one("SELECT max(first_index) FROM ivan.log_groups");
    auto const size = std::stol(one("SELECT max(first_index + count) FROM ivan.log_groups"));
    std::vector<std::string> beyond{"head"};
    for (auto i = std::stol(last); i < size; ++i) beyond.push_back("beyond@" + std::to_string(i));
    add("rolled back", "log_groups", "DELETE FROM ivan.log_groups WHERE first_index = " + last, beyond);
    add("head replaced", "log_heads", "UPDATE ivan.log_heads SET text = regexp_replace(text, 'root ....', 'root 0000')", {"head", "head", "head", "head"});
    add("head's signature", "log_heads", "UPDATE ivan.log_heads SET signature = set_byte(signature, 20, 255 - get_byte(signature, 20))", {"head", "head"});
    add("refusal deleted", "refusals", "DELETE FROM ivan.refusals WHERE log_index = " + refusal, {"missing@" + refusal});
    add("refusal changed", "refusals", "UPDATE ivan.refusals SET fault_id = 'GW-9999' WHERE log_index = " + refusal, {"refusal@" + refusal});

    auto const claimed = " WHERE idempotency_key = 'k150'";
    add("claim for other content", "idempotency", "UPDATE ivan.idempotency SET content_sha256 = sha256('x')" + std::string{claimed}, {"claim@" + index});
    add("claim for another dossier", "idempotency", "UPDATE ivan.idempotency SET dossier_id = gen_random_uuid()" + std::string{claimed}, {"claim@" + index, "claim"});
    add("claim deleted", "idempotency", "DELETE FROM ivan.idempotency" + std::string{claimed}, {"claim@" + index});
    add("claim inserted", "idempotency", "INSERT INTO ivan.idempotency VALUES ('VNPT', 'forged', sha256('y'), gen_random_uuid(), '00108', now())", {"claim"});
    add("status of another code", "dossier_status", "UPDATE ivan.dossier_status SET case_code = '99999.G/2026/00108'" + of, {"status@" + index});
    add("status of another provider", "dossier_status", "UPDATE ivan.dossier_status SET provider = 'VNPT'" + of, {"status@" + index});
    add("counter ahead", "case_counters", "UPDATE ivan.case_counters SET last = last + 2", {"counter"});
    add("counter set back", "case_counters", "UPDATE ivan.case_counters SET last = last - 1", {"counter"});
    add("counter deleted", "case_counters", "DELETE FROM ivan.case_counters", {"counter"});
    add("status deleted", "dossier_status", "DELETE FROM ivan.dossier_status" + of, {"status@" + index});
    add("status inserted", "dossier_status", "INSERT INTO ivan.dossier_status SELECT gen_random_uuid(), '99999.G/2026/00108', provider, agency, procedure, received_at, sequence "
        "FROM ivan.dossier_status" + of, {"status"});

    for (auto const& tampering : all) {
        SCOPED_TRACE(tampering.name);
        database_.execute(tampering.sql);
        auto const report = audit();
        EXPECT_FALSE(report.clean());
        EXPECT_THAT(found(report), testing::UnorderedElementsAreArray(tampering.expected));
        for (auto const& finding : report.findings) {
            if (finding.what == "body" || finding.what == "receipt" || finding.what == "provider" || finding.what == "leaf") {
                EXPECT_EQ(finding.dossier_id, id);
                EXPECT_EQ(finding.case_code, code);
            }
            if (finding.what == "case_code") {
                EXPECT_THAT(finding.detail, HasSubstr(code));
            }
        }
        database_.execute(tampering.undo);
        auto const again = audit();
        EXPECT_TRUE(again.clean()) << testing::PrintToString(found(again));
    }
    database_.execute("DROP TABLE kept; DROP TABLE IF EXISTS saved");
}

// Nothing that is left speaks of what was removed, but the counters of case codes.
TEST_F(LogAudit, NamesTheCaseCodesOfAnEndThatWasRemovedWithAllThatSpeaksOfIt)
{
    fill();
    auto const begin = one("SELECT max(first_index) FROM ivan.log_groups");
    auto const code = one("SELECT case_code FROM ivan.dossiers WHERE log_index >= " + begin + " ORDER BY log_index LIMIT 1");
    auto const left = database_.count("SELECT count(*) FROM ivan.dossiers WHERE log_index < " + begin);
    cut(begin);
    for (std::uint64_t const from : {0, 200}) {
        auto const report = audit(from);
        ASSERT_THAT(found(report), testing::ElementsAre("counter")) << "from " << from;
        EXPECT_EQ(report.findings.front().case_code, code);
        EXPECT_THAT(report.findings.front().detail, HasSubstr("00108/2026"));
        EXPECT_THAT(report.findings.front().detail, HasSubstr(std::to_string(left + 1) + " to 300"));
    }
}

TEST_F(LogAudit, AHeadKeptOutsideFindsWhatNothingInTheDatabaseSpeaksOf)
{
    fill();
    auto const first = ledger::read_head(one("SELECT text FROM ivan.log_heads ORDER BY head_id LIMIT 1")).value();
    auto const stored = [this](std::string const& order) {
        return store::KeptHead{"kept", one("SELECT text FROM ivan.log_heads ORDER BY head_id " + order + " LIMIT 1"),
                               schemas::base64_decode(one("SELECT translate(encode(signature, 'base64'), E'\n', '') FROM ivan.log_heads ORDER BY head_id " + order + " LIMIT 1")).value()};
    };
    auto const early = stored("ASC"), late = stored("DESC");
    auto const beside = [this](std::vector<store::KeptHead> heads, std::uint64_t from = 0) {
        store::AuditOptions options;
        options.from_index = from;
        options.certificates = {certificate_};
        options.heads = std::move(heads);
        return store::audit_log(database_.url(), options);
    };
    auto const whole = beside({early, late});
    EXPECT_TRUE(whole.clean()) << testing::PrintToString(found(whole));
    EXPECT_EQ(whole.heads_kept, 2u);
    EXPECT_TRUE(beside({early, late}, first.size).clean()) << "the part begins where the head stands";
    EXPECT_THROW(static_cast<void>(beside({early}, 250)), std::runtime_error) << "not looked at is not said to be right";

    // An end that was removed with all that speaks of it, the counters too.
    cut(one("SELECT max(first_index) FROM ivan.log_groups"));
    database_.execute("UPDATE ivan.case_counters SET last = (SELECT count(*) FROM ivan.dossiers)");
    EXPECT_TRUE(audit().clean()) << "the database alone does not tell";
    EXPECT_TRUE(beside({early}).clean());
    auto const report = beside({early, late});
    ASSERT_THAT(found(report), testing::ElementsAre("head"));
    EXPECT_THAT(report.findings.front().detail, HasSubstr("kept: signed for 312 leaves, the log has "));

    // And other dossiers in its place.
    Gateway anew{config_, seals()};
    Answers answers{context_, anew.journal};
    for (int i = 0; i < 60; ++i) answers.offer({.key = "other" + std::to_string(i)});
    answers.wait();
    EXPECT_TRUE(audit().clean());
    EXPECT_THAT(found(beside({early, late})), testing::ElementsAre("head"));

    auto forged = early;
    forged.signature[20] = static_cast<char>(~forged.signature[20]);
    EXPECT_THAT(found(beside({forged})), testing::ElementsAre("head"));
    ledger::TreeHead other{"another", first.size, first.root, first.at, key_->certificate().fingerprint};
    auto const text = ledger::canonical_head(other).value();
    EXPECT_THAT(found(beside({{"kept", text, signing::sign_text(*key_, text)}})), testing::ElementsAre("head"));
    EXPECT_THROW(static_cast<void>(beside({{"kept", "no head", ""}})), std::runtime_error);
}

TEST_F(LogAudit, CaseCodesOfAPatternThatNobodyKnowsAreCounted)
{
    config_.case_code = {{.pattern = "{agency}.{yymmdd}.{number}", .from = {}}};
    Gateway ours{config_, seals()};
    for (auto const* key : {"a", "b", "c"}) ASSERT_TRUE(support::run_task(context_, ours.journal.accept_row(support::row_of({.key = key}), soon())).has_value());
    EXPECT_TRUE(audit().clean()) << testing::PrintToString(found(audit()));
    cut(one("SELECT max(first_index) FROM ivan.log_groups"));
    auto const report = audit();
    ASSERT_THAT(found(report), testing::ElementsAre("counter"));
    EXPECT_THAT(report.findings.front().detail, HasSubstr("stands at 3, and 2 codes are there"));
    store::AuditOptions knowing;
    knowing.case_codes = config_.case_code;
    EXPECT_THAT(store::audit_log(database_.url(), knowing).findings.at(0).detail, HasSubstr("no dossier has the number 3"));
}

TEST_F(LogAudit, APartOfTheLogIsComparedWithItsClaimsAndStatusesToo)
{
    fill();
    auto const index = one("SELECT log_index FROM ivan.dossiers WHERE idempotency_key = 'k250'");
    EXPECT_TRUE(audit(200).clean());
    database_.execute("UPDATE ivan.idempotency SET content_sha256 = sha256('x') WHERE idempotency_key = 'k250'; DELETE FROM ivan.dossier_status s USING ivan.dossiers d "
                      "WHERE d.dossier_id = s.dossier_id AND d.idempotency_key = 'k250'; UPDATE ivan.idempotency SET content_sha256 = sha256('y') WHERE idempotency_key = 'k10'");
    EXPECT_THAT(found(audit(200)), testing::UnorderedElementsAre("claim@" + index, "status@" + index)) << "the third stands before the part";
    EXPECT_EQ(audit().findings.size(), 3u);
}

TEST_F(LogAudit, NamesAReceiptThatTheHubHasNotSignedThoughTheLogWasWrittenToFit)
{
    // Somebody with all of the database's rights and our program, but not our key.
    auto const another = support::Pki::key(then(pki_, "0100109106"));
    for (auto const& [key, seal] : {std::pair{"ours", seals()}, std::pair{"forged", store::Sealer{[&](dossier::ReceiptFacts const& facts) {
             return dossier::Receipt{signing::sign_canonical(*another, dossier::canonical_receipt(facts, dossier::key_id_of(key_->certificate())), "sig-" + facts.dossier_id),
                                     dossier::seal(facts, *key_).json};
         }}}, std::pair{"unsigned", store::Sealer{[&](dossier::ReceiptFacts const& facts) {
             return dossier::Receipt{dossier::canonical_receipt(facts, dossier::key_id_of(key_->certificate())), dossier::seal(facts, *key_).json};
         }}}, std::pair{"of a key nobody knows", store::Sealer{[&](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *another); }}}}) {
        Gateway one{config_, seal};
        ASSERT_TRUE(support::run_task(context_, one.journal.accept_row(support::row_of({.key = key}), soon())).has_value());
    }
    auto const report = audit();
    EXPECT_THAT(found(report), testing::UnorderedElementsAre("signature@1", "signature@2"));
    EXPECT_EQ(report.receipts_unverified, 1u);
    store::AuditOptions none;
    none.receipts = store::AuditReceipts::none;
    none.threads = 3;
    none.rows_at_once = 1;
    none.batches_max = 2;
    EXPECT_TRUE(store::audit_log(database_.url(), none).clean());
}

TEST_F(LogAudit, ASampleVerifiesSomeReceiptsAndComparesEveryRow)
{
    fill();
    store::AuditOptions options;
    options.certificates = {certificate_};
    options.receipts = store::AuditReceipts::sample;
    auto const report = store::audit_log(database_.url(), options);
    EXPECT_TRUE(report.clean()) << testing::PrintToString(found(report));
    EXPECT_LT(report.receipts_verified, 150u);
    database_.execute("UPDATE ivan.dossiers SET tax_code = '0' WHERE idempotency_key = 'k7'");
    EXPECT_EQ(found(store::audit_log(database_.url(), options)).size(), 2u);
}

TEST_F(LogAudit, ProvesEveryDossierToASignedHeadAndHeadsToEachOther)
{
    fill();
    auto const last = head();
    auto const first = ledger::read_head(one("SELECT text FROM ivan.log_heads ORDER BY head_id LIMIT 1")).value();
    auto const newest = ledger::read_head(last.text).value();
    EXPECT_TRUE(signing::verify_text(certificate_, last.text, last.signature));
    EXPECT_FALSE(signing::verify_text(certificate_, last.text + " ", last.signature));

    for (auto const* key : {"k0", "k99", "k255", "k299"}) {
        auto const id = one("SELECT dossier_id FROM ivan.dossiers WHERE idempotency_key = '" + std::string{key} + "'");
        auto const proof = support::run_task(context_, log_->inclusion("THAISON", store::Log::By::id, id, std::nullopt, now_, soon()));
        ASSERT_TRUE(proof.has_value()) << proof.error().detail;
        ASSERT_TRUE(proof->head.has_value());
        auto const entry = std::get<ledger::Accepted>(ledger::read_entry(proof->entry.octets).value());
        EXPECT_EQ(entry.dossier_id, id);
        ledger::InclusionClaim const claim{proof->entry.index, proof->size, ledger::leaf_hash(proof->entry.octets), newest.root};
        EXPECT_TRUE(ledger::verify_inclusion(claim, proof->path).has_value()) << key;
        EXPECT_EQ(support::run_task(context_, log_->inclusion("VNPT", store::Log::By::id, id, std::nullopt, now_, soon())).error().why,
                  store::Refusal::not_found) << "another's dossier";
    }
    auto const content = one("SELECT encode(content_sha256, 'hex') FROM ivan.refusals ORDER BY log_index LIMIT 1");
    auto const refused = support::run_task(context_, log_->inclusion("THAISON", store::Log::By::refused_content, content, newest.size, now_, soon()));
    ASSERT_TRUE(refused.has_value()) << refused.error().detail;
    EXPECT_TRUE(ledger::verify_inclusion({refused->entry.index, newest.size, ledger::leaf_hash(refused->entry.octets), newest.root}, refused->path).has_value());

    auto const consistency = support::run_task(context_, log_->consistency(first.size, newest.size, soon()));
    ASSERT_TRUE(consistency.has_value()) << consistency.error().detail;
    EXPECT_TRUE(ledger::verify_consistency({first.size, newest.size, first.root, newest.root}, *consistency).has_value());
    EXPECT_FALSE(support::run_task(context_, log_->consistency(1, newest.size + 1, soon())).has_value());
}

TEST_F(LogAudit, AHeadIsSignedAnewOnlyWhereLeavesHaveComeAndTimeHasPassed)
{
    auto const empty = head();
    EXPECT_EQ(empty.size, 0u);
    EXPECT_EQ(head().text, empty.text) << "nothing has come";
    fill();
    auto const full = head();
    EXPECT_EQ(full.size, 312u);
    now_ += 1h;
    EXPECT_NE(head().text, full.text) << "the interval has passed";
}

TEST_F(LogAudit, TwoGatewaysExtendOneLog)
{
    Gateway other{config_, seals()};
    Answers here{context_, gateway_->journal}, there{context_, other.journal};
    for (int i = 0; i < 120; ++i) {
        here.offer({.key = "a" + std::to_string(i), .agency = "00108"});
        there.offer({.key = "b" + std::to_string(i), .agency = "07906"});
        if (i % 10 == 0) refuse(i);
    }
    here.wait();
    there.wait();
    EXPECT_EQ(database_.count("SELECT count(DISTINCT log_index) FROM ivan.dossiers"), 240);
    head();
    auto const report = audit();
    EXPECT_TRUE(report.clean()) << testing::PrintToString(found(report));
    EXPECT_EQ(report.size, 252u);
}

TEST_F(LogAudit, AReceiptNamesItsPlaceAndRowsFromBeforeTheLogAreNoFault)
{
    auto const stored = support::run_task(context_, gateway_->journal.accept_row(support::row_of({}), soon()));
    ASSERT_TRUE(stored.has_value());
    EXPECT_THAT(stored->receipt.xml, HasSubstr("<ViTriNhatKy>0</ViTriNhatKy>"));
    database_.execute("DELETE FROM ivan.log_groups; UPDATE ivan.dossiers SET log_index = NULL; INSERT INTO ivan.log_begin VALUES (now(), 1, 0)");
    auto const report = audit();
    EXPECT_TRUE(report.clean()) << testing::PrintToString(found(report));
    EXPECT_EQ(report.before_the_log, 1u);
}

TEST_F(LogAudit, NothingIsAcceptedWhereTheLogsNewestRowIsDamaged)
{
    fill();
    database_.execute("UPDATE ivan.log_groups SET frontier = 'x' WHERE first_index = (SELECT max(first_index) FROM ivan.log_groups)");
    auto const refused = support::run_task(context_, gateway_->journal.accept_row(support::row_of({.key = "new"}), soon()));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, store::Refusal::unavailable);
}

}  // namespace
