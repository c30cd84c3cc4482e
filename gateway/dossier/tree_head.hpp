#pragma once

// Signs heads of the provable log and statements about it with the receipt key in force, as receipts are signed. Pure; any thread.

#include "gateway/dossier/receipt_keys.hpp"
#include "gateway/ledger/head.hpp"
#include "gateway/ledger/statement.hpp"

#include <string>

namespace dossier {

struct SignedText {
    std::string key_id, text;
    std::string signature;  // signing::sign_text over the text
};

// Throw signing::KeyTrouble where no key is in force at that time or its token does not sign, std::runtime_error for values out
// of bounds. The key_id is filled in.
[[nodiscard]] SignedText sign_head(ledger::TreeHead head, ReceiptKeys const& keys);
[[nodiscard]] SignedText sign_statement(ledger::Statement& statement, ReceiptKeys const& keys);
// With this key, whether it is in force or not: for commands, whose caller says which.
[[nodiscard]] SignedText sign_statement(ledger::Statement& statement, signing::KeyPair const& key);

}  // namespace dossier
