#pragma once

// What every measurement stands on: a development PKI with a trust directory, our schemas and rules, and dossiers of one or
// more forms (a D02-TS first) for any number of employees, signed with RSA-2048, as units' certificates are. Made when first
// asked for, once per process; the same people and forms in every process, with other keys.
//
// Threads: one thread's.

#include "gateway/intake/examine.hpp"
#include "loadtest/corpus.hpp"
#include "signing/dev/pki.hpp"
#include "signing/trust.hpp"
#include "signing/verifier.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench
{

class World {
public:
    static World const& shared();

    [[nodiscard]] std::string const& dossier(std::int64_t people, std::int64_t forms = 1) const { return *body(people, forms); }
    [[nodiscard]] std::shared_ptr<std::string const> const& body(std::int64_t people, std::int64_t forms = 1) const;
    // The signed file of its first form, out of its base64.
    [[nodiscard]] std::string const& form(std::int64_t people) const;
    // Read, and for the later stages verified, anew: evidence is consumed by the stage after it.
    [[nodiscard]] schemas::Envelope envelope(std::int64_t people, std::int64_t forms = 1) const;
    [[nodiscard]] providers::Admitted sender() const;
    [[nodiscard]] intake::Examined examined(std::int64_t people) const;

    signing::Instant now = std::chrono::system_clock::now();
    signing::dev::Authorities authorities;
    std::filesystem::path trust_directory;
    std::shared_ptr<signing::KeyPair const> unit_key, receipt_key, receipt_key_rsa;
    std::shared_ptr<signing::TrustStore const> trust;
    std::shared_ptr<schemas::Catalogue const> catalogue;
    std::filesystem::path rules_directory;
    intake::Criteria criteria;

private:
    World();
    ~World();
    std::filesystem::path directory_;
    mutable std::map<std::pair<std::int64_t, std::int64_t>, std::shared_ptr<std::string const>> dossiers_;
    mutable std::map<std::int64_t, std::string> forms_;
};

} // namespace bench
