#pragma once

// The hub's receipt keys with their dates in force: the one in force when a dossier was received signs its receipt. A new
// key waits beside the old one and takes over at its own hour; past keys stay as certificates alone, so that the receipts
// they signed can be verified for as long as receipts are kept (ten years).
//
// One key: ReceiptKeysConfig::key with certificate_file. Several: a directory that holds for each key
//   NAME.pem    its certificate (exactly one); never removed
//   NAME.key    its private key, PEM; removed when the key is past, or never there (NAME.toml says where it is)
//   NAME.toml   optional: key = "file:…" or "pkcs11:…" (signing::KeyPair::open), from = and until = (date and time with
//               zone, or a date: midnight in Vietnam); without them the certificate's own dates hold
//
// Rules: of the keys in force the one that came last signs, so an overlap needs no care. From now to the last end there may
// be no gap, no two keys may begin at one instant, and no key may be in force outside its certificate's validity: each is
// a load error. A directory that does not load changes nothing: who reloads keeps the former set.
//
// Threads: immutable. Errors: load() throws std::runtime_error naming every problem.

#include "gateway/dossier/receipt.hpp"
#include "gateway/runtime/clock.hpp"
#include "signing/signer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct ReceiptKeysConfig {
    std::string key, certificate_file;
    std::string directory;
    signing::TokenConfig token;
};

struct ReceiptKey {
    std::string id;    // key_id_of(certificate)
    std::string name;  // of its files
    std::shared_ptr<signing::KeyPair const> pair;  // shared with receipts being sealed during a swap; null: past
    signing::CertificateFacts certificate;
    std::string certificate_pem;
    runtime::Instant from{}, until{};  // signs from <= received < until
};

class ReceiptKeys {
public:
    [[nodiscard]] static std::shared_ptr<ReceiptKeys const> load(ReceiptKeysConfig const& config, runtime::Instant now);
    // Changes when what load() would read changes: names, sizes and times of the files.
    [[nodiscard]] static std::string stamp_of(ReceiptKeysConfig const& config);

    // Throws as load() does.
    ReceiptKeys(std::vector<ReceiptKey> keys, runtime::Instant now);

    [[nodiscard]] ReceiptKey const* in_force(runtime::Instant at) const noexcept;  // null: none
    [[nodiscard]] ReceiptKey const* find(std::string_view id) const noexcept;
    [[nodiscard]] std::vector<ReceiptKey> const& all() const noexcept { return keys_; }  // by their beginning
    [[nodiscard]] runtime::Instant ends() const noexcept;  // after this nobody signs
    [[nodiscard]] std::string_view status_of(ReceiptKey const& key, runtime::Instant now) const noexcept;  // past current next

private:
    std::vector<ReceiptKey> keys_;
};

// Throws signing::KeyTrouble where no key was in force at received_at or its token does not sign now.
[[nodiscard]] Receipt seal(ReceiptFacts const& facts, ReceiptKeys const& keys);

}  // namespace dossier
