#pragma once

// A development PKI for tests, made in the process once: no test needs a file of keys.
//
//   auto const& pki = support::Pki::shared();
//   auto const key = pki.key(pki.unit("0101300842"));
//   auto const trust = signing::TrustStore::load(pki.write_trust_directory(directory), policy);
//
// Threads: shared() is immutable; its functions may run anywhere.

#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/revocation.hpp"
#include "signing/signer.hpp"
#include "tests/support/temporary_directory.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace support {

struct Pki {
    using Identity = signing::dev::Identity;
    using KeyKind = signing::dev::KeyKind;
    using Request = signing::dev::Request;

    signing::Instant now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    signing::dev::Authorities authorities = signing::dev::make_authorities(now);
    Identity const& root = authorities.root;
    Identity const& issuing_ca = authorities.issuing_ca;
    Identity const& test_root = authorities.test_root;
    Identity const& test_ca = authorities.test_ca;
    std::string crl_pem = signing::dev::make_crl(issuing_ca, {}, now - std::chrono::hours{1}, now + std::chrono::hours{24 * 365}, 1);
    Identity unknown_root = unknown();

    Pki() = default;
    Pki(Pki const&) = delete;  // the references above point into this very object
    Pki& operator=(Pki const&) = delete;

    static Pki const& shared()
    {
        static Pki const pki;
        return pki;
    }

    // A request for a unit's certificate, valid from yesterday for a year; change what the test is about.
    [[nodiscard]] Request request(std::string const& tax_code, KeyKind kind = KeyKind::p256) const
    {
        Request made;
        made.common_name = "Công ty TNHH Thử Nghiệm";
        made.tax_code = tax_code;
        made.key = kind;
        made.not_before = now - std::chrono::hours{24};
        made.not_after = now + std::chrono::hours{24 * 365};
        return made;
    }
    [[nodiscard]] Identity unit(std::string const& tax_code, KeyKind kind = KeyKind::p256) const
    {
        return signing::dev::issue(issuing_ca, request(tax_code, kind));
    }
    [[nodiscard]] Identity test_unit(std::string const& tax_code, KeyKind kind = KeyKind::p256) const
    {
        return signing::dev::issue(test_ca, request(tax_code, kind));
    }
    // A request for a CA's certificate, valid from yesterday for a year.
    [[nodiscard]] Request authority(std::string const& name, Request::Use use = Request::Use::issuing_ca) const
    {
        Request made = request("");
        made.common_name = name;
        made.organisation = "made up";
        made.use = use;
        return made;
    }
    [[nodiscard]] static std::string der(Identity const& identity) { return key(identity)->certificate_der(); }
    [[nodiscard]] static signing::Revocations::Piece piece(Identity const& identity) { return {"made in the test", identity.certificate_pem}; }
    [[nodiscard]] static std::shared_ptr<signing::KeyPair const> key(Identity const& identity)
    {
        return signing::KeyPair::from_pem(identity.key_pem, identity.certificate_pem);
    }
    // Writes what TrustStore::load() reads into `directory`, and returns it.
    std::filesystem::path write_trust_directory(std::filesystem::path const& directory,
                                                signing::dev::TrustOptions const& options = {}) const
    {
        signing::dev::write_trust(directory, authorities, options);
        return directory;
    }

private:
    static Identity unknown()
    {
        Request made;
        made.common_name = "Unknown Root (made up)";
        made.use = Request::Use::root;
        return signing::dev::make_root(made);
    }
};

}  // namespace support
