#pragma once

// Which client certificates are revoked: the authorities of server.client_ca_file with the CRLs in `clients/crls/` of the trust
// directory, beside what the hub knows of signers' certificates anyway. Apart from the signers' anchors, because who may issue a
// provider's TLS certificate may not therefore sign for employers.
//
// Only a word of revocation counts: the registry names every certificate by its fingerprint, so that a CA without CRLs is no reason to
// refuse, and a CRL that has ended is believed in what it lists. Our own choice.
//
// Threads: immutable; ask from anywhere.

#include "signing/trust.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace gateway {

class ClientTrust {
public:
    // Throws std::runtime_error naming what cannot be used, a CRL that none of these authorities signed among it.
    [[nodiscard]] static std::shared_ptr<ClientTrust const> load(std::string const& client_ca_file, std::filesystem::path const& trust_directory,
                                                                 signing::Policy const& policy);
    // Names, sizes and times of what load() would read from the trust directory.
    [[nodiscard]] static std::string stamp_of(std::filesystem::path const& trust_directory);

    // `signers`: the trust store of dossiers, which may know the certificate's issuer too.
    [[nodiscard]] bool revoked(std::string_view der, signing::TrustStore const& signers, signing::Instant at) const;

private:
    std::shared_ptr<signing::TrustStore const> own_;  // null: no client certificates are asked for
};

}  // namespace gateway
