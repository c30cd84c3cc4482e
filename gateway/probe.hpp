#pragma once

// A small dossier of our own that goes through the real steps every few seconds: read, verified, validated; and a
// receipt is sealed. Ready means it went through just now (the store has its own probe).
//
// It is signed with probe.key_file, whose certificate stands under the anchors for dossiers and names a tax code. Where
// none is given the receipt key signs, and the verifier's right answer is that its chain is not one of theirs: then the
// probe shows less, and says so in its detail.
//
// Threads: immutable after construction; run() may run anywhere.

#include "gateway/dossier/receipt_keys.hpp"
#include "gateway/intake/examine.hpp"
#include "gateway/runtime/clock.hpp"
#include "signing/signer.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gateway {

class Probe {
public:
    // The receipt keys of the moment; the root swaps them.
    using ReceiptKeys = std::function<std::shared_ptr<dossier::ReceiptKeys const>()>;

    // Throws std::runtime_error where the key cannot sign. `signer` null: the receipt key of `now` signs.
    Probe(ReceiptKeys receipt_keys, std::shared_ptr<signing::KeyPair const> signer, runtime::Instant now);

    struct Word {
        bool ok = false;
        std::string detail;
    };
    struct Words {
        Word seal, verify, validate;
    };
    [[nodiscard]] Words run(intake::Criteria const& criteria, runtime::Instant now) const;

private:
    [[nodiscard]] Word verify(intake::Criteria const& criteria, runtime::Instant now) const;
    [[nodiscard]] Word validate(intake::Criteria const& criteria, runtime::Instant now) const;

    [[nodiscard]] Word seal(runtime::Instant now) const;

    ReceiptKeys receipt_keys_;
    bool outsider_;  // signed by a key that is not under the anchors
    std::string dossier_;
};

}  // namespace gateway
