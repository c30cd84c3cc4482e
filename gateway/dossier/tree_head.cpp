#include "gateway/dossier/tree_head.hpp"

#include "gateway/dossier/time.hpp"

#include <stdexcept>
#include <utility>

namespace dossier {
namespace {

ReceiptKey const& key_at(ReceiptKeys const& keys, runtime::Instant at)
{
    auto const* const key = keys.in_force(at);
    if (key == nullptr) throw signing::KeyTrouble{"no receipt key was in force at " + vietnam_time(at)};
    return *key;
}

SignedText signed_by(signing::KeyPair const& key, ledger::Result<std::string> text)
{
    if (!text) throw std::runtime_error("not to be signed: " + text.error().detail);
    auto signature = signing::sign_text(key, *text);
    return {key_id_of(key.certificate()), std::move(*text), std::move(signature)};
}

}  // namespace

SignedText sign_head(ledger::TreeHead head, ReceiptKeys const& keys)
{
    auto const& key = *key_at(keys, head.at).pair;
    head.key_id = key.certificate().fingerprint;
    return signed_by(key, ledger::canonical_head(head));
}

SignedText sign_statement(ledger::Statement& statement, ReceiptKeys const& keys)
{
    return sign_statement(statement, *key_at(keys, statement.at).pair);
}

SignedText sign_statement(ledger::Statement& statement, signing::KeyPair const& key)
{
    statement.key_id = key.certificate().fingerprint;
    return signed_by(key, ledger::canonical_statement(statement));
}

}  // namespace dossier
