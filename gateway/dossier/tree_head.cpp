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

}  // namespace

SignedText sign_head(ledger::TreeHead head, ReceiptKeys const& keys)
{
    auto const& key = key_at(keys, head.at);
    head.key_id = key.certificate.fingerprint;
    auto text = ledger::canonical_head(head);
    if (!text) throw std::runtime_error("no head of the log: " + text.error().detail);
    auto signature = signing::sign_text(*key.pair, *text);
    return {key.id, std::move(*text), std::move(signature)};
}

SignedText sign_text(std::string text, runtime::Instant at, ReceiptKeys const& keys)
{
    auto const& key = key_at(keys, at);
    auto signature = signing::sign_text(*key.pair, text);
    return {key.id, std::move(text), std::move(signature)};
}

}  // namespace dossier
