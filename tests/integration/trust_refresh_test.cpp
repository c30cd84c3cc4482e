// `ivanctl trust refresh` against a CA's web server on loopback: lists and responders that answer, lie, and are away.

#include "signing/trust.hpp"
#include "tests/support/ivanctl.hpp"
#include "tests/support/live_ca.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

namespace {

using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
using support::LiveCa;
using support::Ran;
namespace dev = signing::dev;
using Status = dev::OcspAnswer::Status;

class TrustRefresh : public testing::Test {
protected:
    TrustRefresh()
    {
        ca.trust(trust);
        ca.publish();
    }
    dev::Identity unit(std::vector<std::string> const& responders)
    {
        auto made = ca.unit(responders);
        LiveCa::write(certificate, made.certificate_pem);
        return made;
    }
    [[nodiscard]] Ran refresh() const { return support::ivanctl({"trust", "refresh", "--json", "--trust", trust, "--certificate", certificate}); }
    struct Row {
        std::string kind, of, trouble, says;
        bool fetched = false;
    };
    // What was said of that address.
    static Row row(Ran const& ran, std::string const& url)
    {
        auto const all = ran.json();
        for (auto const& one : all.as_array()) {
            auto const text = [&](char const* name) { return std::string{one.as_object().at(name).as_string()}; };
            if (text("url") == url) return {text("kind"), text("of"), text("trouble"), text("says"), one.as_object().at("fetched").as_bool()};
        }
        ADD_FAILURE() << "nothing about " << url << ": " << ran.text;
        return {};
    }
    [[nodiscard]] std::size_t files(std::string const& folder) const
    {
        if (!std::filesystem::exists(trust / folder)) return 0;
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{trust / folder}, {}));
    }
    // What the gateway would say, with what the directory holds now.
    [[nodiscard]] std::string verdict(dev::Identity const& of) const
    {
        auto const chained = signing::TrustStore::load(trust, {})->chain(*signing::certificate_der(of.certificate_pem), std::chrono::system_clock::now());
        return chained ? (*chained)->revocation.source : std::string{name_of(chained.error().why)};
    }

    support::PkiServer web;
    support::TemporaryDirectory directory;
    std::filesystem::path trust = directory.path() / "trust", certificate = directory.path() / "unit.pem";
    LiveCa ca{web};
};

TEST_F(TrustRefresh, FetchesListsAndResponsesThatTheGatewayThenJudgesBy)
{
    auto const signer = unit({web.url("/ocsp")});
    ca.respond("/ocsp", {{signer.certificate_pem, Status::good, {}}});
    EXPECT_EQ(verdict(signer), "revocation_unknown");
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 0) << ran.text;
    for (auto const* path : {"/ca.crl", "/root.crl"}) EXPECT_TRUE(row(ran, web.url(path)).fetched) << ran.text;
    auto const answer = row(ran, web.url("/ocsp"));
    EXPECT_EQ(answer.kind, "ocsp");
    EXPECT_EQ(answer.says, "good");
    EXPECT_NE(answer.of.find("0101300842"), std::string::npos) << ran.text;
    EXPECT_EQ(files("crls"), 2u);
    EXPECT_EQ(files("ocsp"), 1u);
    EXPECT_EQ(verdict(signer), "ocsp:Live CA") << "the answer is the newest evidence";

    auto const again = refresh();
    EXPECT_EQ(again.status, 0) << again.text;
    EXPECT_EQ(files("crls") + files("ocsp"), 3u) << "what an address gave before is replaced";
}

TEST_F(TrustRefresh, AResponderThatSaysRevokedIsBelieved)
{
    auto const signer = unit({web.url("/ocsp")});
    ca.respond("/ocsp", {{signer.certificate_pem, Status::revoked, std::chrono::floor<seconds>(std::chrono::system_clock::now()) - hours{1}}});
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 0) << ran.text;
    EXPECT_EQ(row(ran, web.url("/ocsp")).says, "revoked");
    EXPECT_EQ(verdict(signer), "certificate_revoked");
}

TEST_F(TrustRefresh, AnAddressThatIsAwayIsToldByStatusOneAndTheNextResponderIsAsked)
{
    std::string const nowhere = "http://127.0.0.1:1/ocsp";  // nobody listens there
    auto const signer = unit({nowhere, web.url("/ocsp")});
    ca.respond("/ocsp", {{signer.certificate_pem, Status::good, {}}});
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1) << ran.text;
    EXPECT_FALSE(row(ran, nowhere).fetched);
    EXPECT_NE(row(ran, nowhere).trouble, "") << ran.text;
    EXPECT_EQ(row(ran, web.url("/ocsp")).says, "good");
    EXPECT_TRUE(row(ran, web.url("/ca.crl")).fetched);
    EXPECT_EQ(verdict(signer), "ocsp:Live CA");
}

TEST_F(TrustRefresh, WhenEverybodyIsAwayWhatWasThereStays)
{
    auto const signer = unit({web.url("/ocsp")});
    ca.respond("/ocsp", {{signer.certificate_pem, Status::good, {}}});
    ASSERT_EQ(refresh().status, 0);
    web.away(true);
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1) << ran.text;
    for (auto const* path : {"/ca.crl", "/root.crl", "/ocsp"}) {
        EXPECT_FALSE(row(ran, web.url(path)).fetched) << path;
        EXPECT_NE(row(ran, web.url(path)).trouble, "") << path;
    }
    EXPECT_EQ(files("crls") + files("ocsp"), 3u);
    EXPECT_EQ(verdict(signer), "ocsp:Live CA");
    auto const people = support::ivanctl({"trust", "refresh", "--trust", trust});
    EXPECT_EQ(people.status, 1);
    EXPECT_NE(people.text.find(web.url("/root.crl")), std::string::npos) << people.text;
}

TEST_F(TrustRefresh, KeepsNothingThatSaysNothingOrSpeaksOfAnother)
{
    auto const signer = unit({web.url("/ocsp")});
    auto const other = ca.unit();
    for (auto const& answers : {LiveCa::Answers{{other.certificate_pem, Status::good, {}}}, LiveCa::Answers{{signer.certificate_pem, Status::unknown, {}}}}) {
        ca.respond("/ocsp", answers);
        auto const ran = refresh();
        EXPECT_EQ(ran.status, 1) << ran.text;
        EXPECT_NE(row(ran, web.url("/ocsp")).trouble.find("without saying"), std::string::npos) << ran.text;
    }
    web.respond("/ocsp", [](std::string const&) { return std::string{"<html>welcome</html>"}; });
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(row(ran, web.url("/ocsp")).trouble.find("not one DER OCSP response"), std::string::npos) << ran.text;
    EXPECT_EQ(files("ocsp"), 0u);
}

TEST_F(TrustRefresh, AnOlderListDoesNotReplaceTheOneHeld)
{
    auto const signer = unit({});
    ca.number = 5;
    ca.publish({{signer.certificate_pem, std::chrono::floor<seconds>(std::chrono::system_clock::now()) - minutes{5}}});
    ASSERT_EQ(refresh().status, 0);
    auto const now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
    web.put("/ca.crl", dev::make_crl(ca.issuing, {}, now - hours{2}, now + hours{24}, 3));
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1) << ran.text;
    EXPECT_NE(row(ran, web.url("/ca.crl")).trouble.find("older"), std::string::npos) << ran.text;
    EXPECT_EQ(verdict(signer), "certificate_revoked");
}

TEST_F(TrustRefresh, AListThatHasEndedIsKeptAndTold)
{
    auto const signer = unit({});
    auto const now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
    web.put("/ca.crl", dev::make_crl(ca.issuing, {{signer.certificate_pem, now - hours{3}}}, now - hours{2}, now - hours{1}, 9));
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1) << ran.text;
    EXPECT_NE(row(ran, web.url("/ca.crl")).trouble.find("ended"), std::string::npos) << ran.text;
    EXPECT_EQ(verdict(signer), "certificate_revoked") << "it still knows who was revoked";
}

TEST_F(TrustRefresh, AStrangersResponderIsNotAskedAndNonsenseIsTrouble)
{
    support::PkiServer elsewhere;
    LiveCa stranger{elsewhere};
    stranger.publish();
    LiveCa::write(certificate, stranger.unit({elsewhere.url("/ocsp")}).certificate_pem);
    auto const ran = refresh();
    EXPECT_EQ(ran.status, 1) << ran.text;
    EXPECT_EQ(elsewhere.asked("/ocsp"), 0u);
    EXPECT_NE(row(ran, elsewhere.url("/ocsp")).trouble.find("issuer"), std::string::npos) << ran.text;
    LiveCa::write(certificate, "no certificate");
    EXPECT_EQ(refresh().status, 2);
    EXPECT_EQ(support::ivanctl({"trust", "refresh", "--trust", directory.path() / "nothing-here"}).status, 2);
}

}  // namespace
