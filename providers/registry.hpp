#pragma once

// Peer certificate or bearer key → provider. A snapshot, swapped whole on reload.
//
// Threads: a Registry is immutable. Errors: Failure.

#include "providers/failure.hpp"
#include "providers/provider.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace providers {

// What the peer showed. Both may be empty.
struct Credentials {
    std::string certificate_sha256;  // 64 hex digits of the TLS client certificate, already chained by TLS
    std::string bearer_key;          // from Authorization: Bearer
};

// Evidence: a party in contract that may make this call today.
class Admitted {
public:
    [[nodiscard]] Provider const& provider() const noexcept { return *provider_; }
    [[nodiscard]] bool owns_alias(std::string_view alias) const;

private:
    friend class Registry;
    explicit Admitted(std::shared_ptr<Provider const> provider) : provider_{std::move(provider)} {}
    std::shared_ptr<Provider const> provider_;  // shared with the snapshot it came from, which may be swapped out meanwhile
};

class Registry {
public:
    explicit Registry(std::vector<Provider> providers);

    // `today` is the day in Vietnam (UTC+7). A certificate wins over a key where both are shown.
    [[nodiscard]] Result<Admitted> admit(Credentials const& credentials, std::initializer_list<Role> roles,
                                         std::chrono::sys_days today) const;
    [[nodiscard]] std::vector<std::shared_ptr<Provider const>> const& all() const noexcept { return all_; }
    [[nodiscard]] std::shared_ptr<Provider const> find(std::string_view code) const;

private:
    std::vector<std::shared_ptr<Provider const>> all_;
    std::unordered_map<std::string, std::shared_ptr<Provider const>> by_certificate_, by_key_hash_;
};

}  // namespace providers
