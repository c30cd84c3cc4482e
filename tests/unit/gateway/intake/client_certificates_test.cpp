#include "gateway/intake/client_certificates.hpp"
#include "signing/certificate.hpp"
#include "tests/support/http_hub.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/raw_http.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <optional>

namespace intake {
namespace {

using support::HttpHub;
using support::RawHttp;
using support::RawTls;

TEST(ClientCertificates, AreHeldOnceForAllThatShowTheSame)
{
    ClientCertificates clients{[](std::string_view) { return false; }};
    auto const one = clients.shown("a"), same = clients.shown("a"), other = clients.shown("b");
    EXPECT_EQ(one, same);
    EXPECT_NE(one, other);
    EXPECT_EQ(one->der, "a");
    EXPECT_EQ(one->sha256, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
}

TEST(ClientCertificates, AreAskedAboutOnceUntilTheEvidenceChanges)
{
    int asked = 0;
    bool revoked = false;
    ClientCertificates clients{[&](std::string_view der) {
        EXPECT_EQ(der, "a");
        ++asked;
        return revoked;
    }};
    auto const one = clients.shown("a");
    EXPECT_FALSE(clients.revoked(*one));
    revoked = true;
    EXPECT_FALSE(clients.revoked(*clients.shown("a")));
    EXPECT_EQ(asked, 1);
    clients.evidence_changed();
    EXPECT_TRUE(clients.revoked(*one));
    EXPECT_TRUE(clients.revoked(*one));
    EXPECT_EQ(asked, 2);
    revoked = false;
    clients.evidence_changed();
    EXPECT_FALSE(clients.revoked(*one)) << "a hold that ended";
}

TEST(ClientCertificates, EvidenceThatChangesWhileAskedIsAskedAboutAgain)
{
    ClientCertificates* all = nullptr;
    int asked = 0;
    ClientCertificates clients{[&](std::string_view) {
        if (++asked == 1) all->evidence_changed();
        return asked > 1;
    }};
    all = &clients;
    auto const one = clients.shown("a");
    EXPECT_FALSE(clients.revoked(*one));
    EXPECT_TRUE(clients.revoked(*one));
}

TEST(ClientCertificates, AreAskedAboutAnewWhenNobodyHeldThem)
{
    int asked = 0;
    ClientCertificates clients{[&](std::string_view) { return ++asked > 1; }};
    EXPECT_FALSE(clients.revoked(*clients.shown("a")));
    EXPECT_TRUE(clients.revoked(*clients.shown("a")));
}

// ---- On the wire ------------------------------------------------------------------------------------------------------

class RevokedClient : public testing::Test {
protected:
    RevokedClient()
    {
        auto const server = issue(signing::dev::Request::Use::tls_server);
        HttpHub::Options made;
        auto answer = [](Request) -> runtime::Task<Reply> { co_return Reply::json(200, "{}"); };
        Route party;
        party.method = "GET";
        party.path = "/party";
        party.access = Access::party;
        party.roles = {providers::Role::provider};
        party.handle = answer;
        Route open = party;
        open.path = "/open";
        open.access = Access::open;
        open.roles.clear();
        made.routes = {party, open};
        providers::Provider vnpt;
        vnpt.code = "VNPT";
        vnpt.certificates = {signing::hex(signing::read_certificate(client.certificate_pem)->fingerprint)};
        made.providers = {vnpt};
        made.tls = TlsConfig{write("server.pem", server.certificate_pem), write("server.key", server.key_pem),
                             write("ca.pem", pki.issuing_ca.certificate_pem + pki.root.certificate_pem)};
        made.clients = &clients;
        hub.emplace(std::move(made));
    }
    void say_revoked(bool yes)
    {
        revoked = yes;
        clients.evidence_changed();
    }
    [[nodiscard]] RawTls shown() const { return {client.certificate_pem, client.key_pem, 0, nullptr}; }
    static std::string get(std::string const& path) { return "GET " + path + " HTTP/1.1\r\nHost: hub\r\n\r\n"; }

    support::TemporaryDirectory directory;
    support::Pki const& pki = support::Pki::shared();
    signing::dev::Identity client = issue(signing::dev::Request::Use::tls_client);
    std::atomic<bool> revoked{false};
    std::atomic<int> asked{0};
    ClientCertificates clients{[this](std::string_view) { return ++asked, revoked.load(); }};
    std::optional<HttpHub> hub;

private:
    signing::dev::Identity issue(signing::dev::Request::Use use) const
    {
        signing::dev::Request request;
        request.common_name = "localhost";
        request.use = use;
        request.ip_addresses = {"127.0.0.1"};
        return signing::dev::issue(pki.issuing_ca, request);
    }
    std::string write(std::string const& name, std::string const& text) const
    {
        auto const path = directory.path() / name;
        std::ofstream{path} << text;
        return path.string();
    }
};

TEST_F(RevokedClient, IsRefusedOnAnOpenConnectionAndTakenAgainWhenAHoldEnds)
{
    RawHttp line{hub->port(), shown()};
    EXPECT_EQ(line.ask(get("/party")).status, 200);
    EXPECT_EQ(line.ask(get("/party")).status, 200);
    EXPECT_EQ(asked, 1) << "once for the connection";
    say_revoked(true);
    auto const refused = line.ask(get("/party"));
    EXPECT_EQ(refused.status, 401);
    EXPECT_NE(refused.body.find("GW-1109"), std::string::npos);
    EXPECT_NE(refused.body.find("thu hồi"), std::string::npos);
    EXPECT_EQ(line.ask(get("/open")).status, 200) << "what is open to everybody stays so";
    say_revoked(false);
    EXPECT_EQ(line.ask(get("/party")).status, 200);
}

// A resumed handshake does not look at the certificate again: the word does not hang on it.
TEST_F(RevokedClient, GainsNothingByResumingItsSession)
{
    auto again = shown();
    {
        RawHttp first{hub->port(), shown()};
        EXPECT_EQ(first.ask(get("/party")).status, 200);
        again.resume = first.session();
    }
    say_revoked(true);
    RawHttp second{hub->port(), again};
    EXPECT_TRUE(second.resumed());
    EXPECT_EQ(second.ask(get("/party")).status, 401);
}

TEST_F(RevokedClient, IsRefusedWithABearerKeyToo)
{
    say_revoked(true);
    RawHttp line{hub->port(), shown()};
    auto const refused = line.ask("GET /party HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer whatever\r\n\r\n");
    EXPECT_NE(refused.body.find("GW-1109"), std::string::npos);
}

}  // namespace
}  // namespace intake
