// A provider's TLS certificate that is revoked while a connection under it stays open.

#include "tests/support/hub.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using std::chrono::hours;
using support::Hub;
using support::Line;
using support::read_file;
namespace dev = signing::dev;
namespace fs = std::filesystem;

class ClientRevocation : public testing::Test {
protected:
    ClientRevocation()
    {
        fs::copy(support::hub_pki() / "trust", trust, fs::copy_options::recursive);
        hub.config.signing.trust_directory = trust;
        hub.config.revocation.enabled = false;  // what the directory says, and nothing else
    }
    // The list of the authority of clients, with these on it.
    void publish(std::vector<dev::Revoked> const& revoked) const
    {
        auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        auto const list = trust / "clients/crls/clients.pem";
        fs::create_directories(list.parent_path());
        std::ofstream{list.parent_path() / ".half"} << dev::make_crl(issuer, revoked, now - hours{1}, now + hours{24}, 1);
        fs::rename(list.parent_path() / ".half", list);
    }
    [[nodiscard]] dev::Revoked thaison() const { return {read_file(support::hub_pki() / "tls/thaison.pem"), std::chrono::system_clock::now() - hours{2}}; }

    static std::string ask(Line& line)
    {
        auto const answer = line.send({"GET", "/v1/limits", {}, ""});
        return answer.status == 200 ? "answered" : support::text_in(answer, "/code");
    }

    support::TemporaryDirectory directory;
    fs::path trust = directory.path() / "trust";
    dev::Identity issuer{read_file(support::hub_pki() / "ca/tls-ca.key"), read_file(support::hub_pki() / "ca/tls-ca.pem")};
    Hub hub;
};

TEST_F(ClientRevocation, AnOpenConnectionLosesItsStandingWhenTrustIsReadAgainAndRegainsIt)
{
    hub.config.server.reload_interval = hours{1};  // what counts is what SIGHUP calls
    publish({});
    hub.start();
    Line line{hub};
    EXPECT_EQ(ask(line), "answered");
    publish({thaison()});
    EXPECT_EQ(ask(line), "answered") << "not read yet";
    hub.server->reload();
    Hub::until("the certificate is refused", [&] { return ask(line) == "GW-1109"; });
    publish({});
    hub.server->reload();
    Hub::until("it is taken again", [&] { return ask(line) == "answered"; });
    EXPECT_EQ(line.connected(), 1u) << "one connection, open all the while";
}

TEST_F(ClientRevocation, AListThatComesIsReadAlsoWhenNobodyAsks)
{
    hub.config.server.reload_interval = std::chrono::milliseconds{100};
    hub.start();
    Line line{hub};
    EXPECT_EQ(ask(line), "answered");
    publish({thaison()});
    Hub::until("the certificate is refused", [&] { return ask(line) == "GW-1109"; });
}

TEST_F(ClientRevocation, AListOfNobodyWeKnowIsABadStart)
{
    auto const stranger = support::Pki::shared().unknown_root;
    auto const now = std::chrono::system_clock::now();
    fs::create_directories(trust / "clients/crls");
    std::ofstream{trust / "clients/crls/stranger.pem"} << dev::make_crl(stranger, {}, now - hours{1}, now + hours{1}, 1);
    EXPECT_THROW(hub.start(), gateway::BadStart);
}

}  // namespace
