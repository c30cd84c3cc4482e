#pragma once

// Signs a head of the provable log with the receipt key in force, as receipts are signed. Pure; any thread.

#include "gateway/dossier/receipt_keys.hpp"
#include "gateway/ledger/head.hpp"

#include <string>

namespace dossier {

struct SignedText {
    std::string key_id, text;
    std::string signature;  // signing::sign_text over the text
};

// Throws signing::KeyTrouble where no key is in force at that time or its token does not sign, std::runtime_error for a head out
// of bounds. The head's key_id is filled in.
[[nodiscard]] SignedText sign_head(ledger::TreeHead head, ReceiptKeys const& keys);
// Any text of ours, with the key in force at that time.
[[nodiscard]] SignedText sign_text(std::string text, runtime::Instant at, ReceiptKeys const& keys);

}  // namespace dossier
