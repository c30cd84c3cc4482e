// A person's dossier all the way, with the code read from the spool folder; races for one code; two gateways.

#include "tests/support/hub.hpp"
#include "tests/support/sent.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace {

using support::Database;
using support::Hub;
using support::text_in;

constexpr char const* person = "001090000001";

class PersonHub {
public:
    PersonHub()
    {
        std::ofstream{directory_.path() / "otp.key"} << std::string(64, 'k');
        hub.config.otp.desk.key_file = directory_.path() / "otp.key";
        hub.config.otp.sms.sender = "spool";
        hub.config.otp.mail.sender = "spool";
        hub.config.otp.spool_directory = directory_.path() / "spool";
        hub.start();
    }

    runtime::HttpResponse call(std::string path, boost::json::object const& body)
    {
        return hub.call({"POST", "/v1/otp/" + path, {{"Content-Type", "application/json"}}, boost::json::serialize(body)});
    }
    // The code of the one message in the spool that was not there before.
    std::string code()
    {
        std::string found;
        Hub::until("a message is in the spool", [&] {
            for (auto const& entry : std::filesystem::directory_iterator{hub.config.otp.spool_directory}) {
                if (entry.path().extension() != ".json" || !seen_.insert(entry.path()).second) continue;
                auto const message = boost::json::parse(support::read_file(entry.path())).as_object();
                found = support::SenderLog::code_in(std::string{message.at("text").as_string()});
            }
            return !found.empty();
        });
        return found;
    }
    void register_person()
    {
        auto const asked = call("contacts", {{"person", person}, {"channel", "sms"}, {"address", "0901234567"}});
        ASSERT_EQ(asked.status, 201) << asked.body;
        auto const confirmed = call("contacts/" + text_in(asked, "/contact_id") + "/confirm", {{"code", code()}});
        ASSERT_EQ(confirmed.status, 200) << confirmed.body;
    }
    [[nodiscard]] std::string dossier()
    {
        return corpus_.unsigned_envelope("607", {corpus_.form("TK1-TS", 1)});
    }
    runtime::Headers password(std::string const& body)
    {
        auto const asked = call("challenges", {{"person", person}, {"content_sha256", signing::hex(signing::sha256(body))}});
        if (asked.status != 201) throw std::runtime_error(asked.body);
        return {{"OTP-Challenge", text_in(asked, "/challenge_id")}, {"OTP-Code", code()}};
    }
    runtime::HttpResponse submit(std::string body, std::string key, runtime::Headers headers)
    {
        headers.insert(headers.end(), {{"Content-Type", "application/xml"}, {"Idempotency-Key", std::move(key)}});
        return hub.call({"POST", "/v1/dossiers", std::move(headers), std::move(body)});
    }

    Hub hub;

private:
    static loadtest::CorpusConfig config()
    {
        loadtest::CorpusConfig made;
        made.day = runtime::vietnam_day(std::chrono::system_clock::now());
        made.unit_name = "Nguyễn Văn An (dữ liệu thử)";
        made.unit_code = "0126000001";
        made.tax_code = person;
        return made;
    }
    support::TemporaryDirectory directory_;
    std::set<std::filesystem::path> seen_;
    loadtest::Corpus corpus_{config()};
};

TEST(OneTimePassword, APersonsDossierIsAcceptedJournalledAndItsReceiptSaysHow)
{
    PersonHub hub;
    hub.register_person();
    auto const body = hub.dossier();
    auto const headers = hub.password(body);
    auto const answer = hub.submit(body, "key-1", headers);
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(Database::shared().value("SELECT authenticated FROM ivan.dossiers"), "otp/sms");
    EXPECT_EQ(Database::shared().value("SELECT dossier_id::text FROM ivan.otp_challenges"), text_in(answer, "/dossier_id"));
    auto const receipt = hub.hub.get("/v1/dossiers/" + text_in(answer, "/dossier_id") + "/receipt");
    EXPECT_NE(receipt.body.find("<XacThuc>"), std::string::npos) << receipt.body;
    EXPECT_NE(receipt.body.find(headers[0].second), std::string::npos) << receipt.body;
    EXPECT_EQ(receipt.body.find(">" + headers[1].second + "<"), std::string::npos) << "the code itself is nowhere";

    auto const again = hub.submit(body, "key-1", headers);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, answer.body);
    auto const other = hub.submit(body, "key-2", headers);
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(text_in(other, "/code"), "GW-2033");

    // Neither number nor phone nor code stand in the tables of one-time passwords.
    auto const rows = Database::shared().value("SELECT coalesce(string_agg(c::text, ''), '') || (SELECT string_agg(o::text, '') FROM ivan.otp_contacts o) "
                                               "FROM ivan.otp_challenges c");
    EXPECT_FALSE(rows.empty());
    EXPECT_EQ(rows.find(person), std::string::npos);
    EXPECT_EQ(rows.find("901234567"), std::string::npos);
}

TEST(OneTimePassword, OfManyRequestsWithOneCodeAndDifferentKeysOneIsAccepted)
{
    PersonHub hub;
    hub.register_person();
    auto const body = hub.dossier();
    auto const headers = hub.password(body);
    constexpr int requests = 12;  // more than there may be wrong tries of a challenge, or of a person; fewer than find a place at once
    std::mutex mutex;
    std::map<std::string, int> answers;
    std::vector<std::thread> threads;
    for (int i = 0; i < requests; ++i)
        threads.emplace_back([&, i] {
            auto const answer = hub.submit(body, "key-" + std::to_string(i), headers);
            std::lock_guard const lock{mutex};
            ++answers[answer.status == 201 ? "accepted" : text_in(answer, "/code")];
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(answers["accepted"], 1);
    // Whoever asks after the commit hears that the code was used; whoever had proved it before comes to the commit with a content
    // that is known by then (a code stands for one content). Nobody is told of wrong tries, for there was none, nor to come again.
    EXPECT_EQ(answers["GW-2033"] + answers["GW-4007"], requests - 1) << testing::PrintToString(answers);
    EXPECT_EQ(Database::shared().count("SELECT count(*) FROM ivan.dossiers"), 1);
    EXPECT_EQ(Database::shared().count("SELECT count(*) FROM ivan.idempotency"), 1);
}

TEST(OneTimePassword, WithoutAKeyFileTheCallsSayThatThereAreNone)
{
    Hub hub;
    hub.start();
    auto const answer = hub.call({"POST", "/v1/otp/challenges", {{"Content-Type", "application/json"}},
                                  R"({"person":"001090000001","content_sha256":")" + std::string(64, 'a') + "\"}"});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(text_in(answer, "/code"), "GW-2036");
}

}  // namespace
