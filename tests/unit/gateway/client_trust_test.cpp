#include "gateway/client_trust.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <openssl/pem.h>

#include <fstream>

namespace gateway {
namespace {

using std::chrono::hours;
namespace dev = signing::dev;

std::string der_of(std::string const& pem)
{
    std::unique_ptr<BIO, void (*)(BIO*)> const bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), [](BIO* gone) { BIO_free(gone); }};
    std::unique_ptr<X509, void (*)(X509*)> const certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
    unsigned char* bytes = nullptr;
    auto const size = i2d_X509(certificate.get(), &bytes);
    std::string der{reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)};
    OPENSSL_free(bytes);
    return der;
}

class ClientTrusts : public testing::Test {
protected:
    ClientTrusts()
    {
        write("clients.pem", ca.certificate_pem);
        dev::write_trust(directory.path() / "trust", signers, {});
        trust = signing::TrustStore::load(directory.path() / "trust", {});
    }
    static dev::Identity root()
    {
        dev::Request request;
        request.common_name = "Root of clients";
        request.use = dev::Request::Use::root;
        return dev::make_root(request);
    }
    static dev::Identity client(dev::Identity const& issuer)
    {
        dev::Request request;
        request.common_name = "VNPT";
        request.use = dev::Request::Use::tls_client;
        return dev::issue(issuer, request);
    }
    void write(std::string const& name, std::string const& text) const
    {
        auto const path = directory.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream{path, std::ios::binary} << text;
    }
    void publish(std::string const& name, dev::Identity const& issuer, std::vector<dev::Revoked> const& revoked) const
    {
        write("trust/clients/crls/" + name, dev::make_crl(issuer, revoked, now - hours{1}, now + hours{24}, 1));
    }
    [[nodiscard]] std::shared_ptr<ClientTrust const> load() const
    {
        return ClientTrust::load((directory.path() / "clients.pem").string(), directory.path() / "trust", {});
    }
    [[nodiscard]] bool revoked(dev::Identity const& one) const { return load()->revoked(der_of(one.certificate_pem), *trust, now); }

    signing::Instant now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    support::TemporaryDirectory directory;
    dev::Identity ca = root();
    dev::Authorities signers = dev::make_authorities(now);
    std::shared_ptr<signing::TrustStore const> trust;
};

TEST_F(ClientTrusts, ACertificateOnTheListOfItsIssuerIsRevokedAndItsNeighbourIsNot)
{
    auto const lost = client(ca), good = client(ca);
    publish("clients.pem", ca, {{lost.certificate_pem, now - hours{2}}});
    EXPECT_TRUE(revoked(lost));
    EXPECT_FALSE(revoked(good));
}

// As `ivanctl trust add --as crl` names lists, and as CAs do. What the folder of the signers' lists takes, this one takes.
TEST_F(ClientTrusts, AListIsReadWhateverOfItsUsualNamesItHas)
{
    for (auto const* name : {"clients.pem", "clients.der", "clients.crl", "clients.crt", "clients.cer"}) {
        auto const lost = client(ca);
        std::filesystem::remove_all(directory.path() / "trust/clients");
        publish(name, ca, {{lost.certificate_pem, now - hours{2}}});
        EXPECT_TRUE(revoked(lost)) << name;
    }
    auto const lost = client(ca);
    std::filesystem::remove_all(directory.path() / "trust/clients");
    publish(".clients.crl", ca, {{lost.certificate_pem, now - hours{2}}});
    EXPECT_FALSE(revoked(lost)) << "half written";
}

TEST_F(ClientTrusts, WithoutAListNobodyIsRevoked)
{
    EXPECT_FALSE(revoked(client(ca)));
    EXPECT_FALSE(revoked(client(root()))) << "an issuer we do not know: the handshake is what refuses it";
}

TEST_F(ClientTrusts, AListThatHasEndedIsBelievedInWhatItLists)
{
    auto const lost = client(ca), good = client(ca);
    write("trust/clients/crls/old.pem", dev::make_crl(ca, {{lost.certificate_pem, now - hours{100}}}, now - hours{99}, now - hours{50}, 1));
    EXPECT_TRUE(revoked(lost));
    EXPECT_FALSE(revoked(good));
}

TEST_F(ClientTrusts, WhatTheSignersListsSayCountsToo)
{
    auto const lost = client(signers.issuing_ca);
    write("trust/crls/more.pem", dev::make_crl(signers.issuing_ca, {{lost.certificate_pem, now - hours{2}}}, now - hours{1}, now + hours{24}, 900));
    trust = signing::TrustStore::load(directory.path() / "trust", {});
    EXPECT_TRUE(revoked(lost));
}

TEST_F(ClientTrusts, AListOfSomebodyElseIsNamed)
{
    publish("stranger.pem", root(), {});
    try {
        (void)load();
        FAIL() << "it was taken";
    } catch (std::runtime_error const& error) {
        EXPECT_NE(std::string_view{error.what()}.find("stranger.pem"), std::string_view::npos) << error.what();
    }
}

TEST_F(ClientTrusts, AnIssuerOfClientsMayNotThereforeSign)
{
    auto const one = client(ca);
    EXPECT_FALSE(trust->chain(der_of(one.certificate_pem), now));
}

TEST_F(ClientTrusts, ANewListChangesTheStamp)
{
    auto const before = ClientTrust::stamp_of(directory.path() / "trust");
    publish("clients.pem", ca, {});
    EXPECT_NE(before, ClientTrust::stamp_of(directory.path() / "trust"));
}

TEST_F(ClientTrusts, WhereNoClientCertificatesAreAskedForNobodyIsRevoked)
{
    auto const none = ClientTrust::load("", directory.path() / "trust", {});
    EXPECT_FALSE(none->revoked(der_of(client(ca).certificate_pem), *trust, now));
}

}  // namespace
}  // namespace gateway
