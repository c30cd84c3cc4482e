#pragma once

// A small dossier of our own, signed with the hub's receipt key, that goes through the real steps every few seconds:
// sealed, read, verified, validated. Ready means it went through just now (the store has its own probe).
//
// The receipt certificate must therefore chain to the trust directory's anchors and carry a tax code (UID=MST:…), as any
// organisation's does: a hub whose own receipts its own verifier does not believe is not ready.
//
// Threads: immutable after construction; run() may run anywhere.

#include "gateway/intake/examine.hpp"
#include "gateway/runtime/clock.hpp"
#include "signing/signer.hpp"

#include <memory>
#include <string>

namespace gateway {

class Probe {
public:
    // Throws std::runtime_error where the key cannot sign.
    explicit Probe(std::shared_ptr<signing::KeyPair const> key, runtime::Instant now);

    struct Word {
        bool ok = false;
        std::string detail;
    };
    struct Words {
        Word seal, verify, validate;
    };
    [[nodiscard]] Words run(intake::Criteria const& criteria, runtime::Instant now) const;

private:
    std::shared_ptr<signing::KeyPair const> key_;  // shared with the sealer of receipts
    std::string dossier_;
};

}  // namespace gateway
