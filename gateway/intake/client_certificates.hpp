#pragma once

// The certificates that clients show in TLS, each held once for all connections that show it, with the word on its revocation.
//
// The word is asked for once a certificate, and again once evidence or trust has changed: a connection that lives for days loses its
// standing with its certificate, and so does a session resumed from a ticket. Otherwise a request costs one comparison.
//
// Threads: any; one mutex guards the table, never while the word is asked for. A ClientCertificate's word is atomic.
// Errors:  none. Bounds: as many as there are connections.

#include "signing/digest.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace intake {

struct ClientCertificate {
    std::string const der, sha256;  // sha256: of the DER, hex, as the registry knows it
    mutable std::atomic<std::uint64_t> word{0};  // ClientCertificates' own: when it was asked, and what was said
};

class ClientCertificates {
public:
    // Whether the evidence in force says that this certificate (DER) is revoked. Called on the core that asks, at most once a
    // certificate and core and change of evidence.
    using Revoked = std::function<bool(std::string_view der)>;
    explicit ClientCertificates(Revoked revoked) : revoked_{std::move(revoked)} {}
    ClientCertificates(ClientCertificates const&) = delete;
    ClientCertificates& operator=(ClientCertificates const&) = delete;

    // The one for these bytes; who holds it keeps it.
    [[nodiscard]] std::shared_ptr<ClientCertificate const> shown(std::string_view der);
    [[nodiscard]] bool revoked(ClientCertificate const& certificate) const;
    // After the evidence that `revoked` looks at was swapped.
    void evidence_changed() noexcept { age_.fetch_add(1); }

private:
    Revoked revoked_;
    std::atomic<std::uint64_t> age_{1};
    std::mutex mutex_;  // guards known_
    std::map<signing::Sha256, std::weak_ptr<ClientCertificate const>> known_;
};

}  // namespace intake
