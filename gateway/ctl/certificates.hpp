#pragma once

// --certificates: whose signatures a command believes, as a PEM file, a folder of them, or the address of a hub, whose
// GET /v1/receipt-certificates is asked.

#include "gateway/ctl/context.hpp"
#include "gateway/ctl/peer.hpp"
#include "signing/certificate.hpp"

#include <string>
#include <vector>

namespace ctl {

struct KnownCertificate {
    signing::CertificateFacts facts;
    std::string der;
};

struct CertificatesOption {
    std::string where;
    Peer peer;

    void declare(CLI::App& command);  // --certificates --ca --timeout
    [[nodiscard]] std::vector<KnownCertificate> read() const;
};

}  // namespace ctl
