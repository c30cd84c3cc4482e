#include "providers/registry.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace providers {

namespace {

// Keys are stored hashed: a copy of the registry lets nobody in. The key is 256 random bits, so one plain hash is enough.
std::string sha256_hex(std::string_view text)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
    SHA256(reinterpret_cast<unsigned char const*>(text.data()), text.size(), digest.data());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (auto const byte : digest) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

std::string lower(std::string_view hex)
{
    std::string out{hex};
    for (char& c : out)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace

bool Admitted::owns_alias(std::string_view alias) const
{
    return std::find(provider_->aliases.begin(), provider_->aliases.end(), alias) != provider_->aliases.end();
}

Registry::Registry(std::vector<Provider> providers)
{
    for (auto& provider : providers) {
        auto const shared = std::make_shared<Provider const>(std::move(provider));
        all_.push_back(shared);
        for (auto const& certificate : shared->certificates) by_certificate_.emplace(lower(certificate), shared);
        for (auto const& hash : shared->key_hashes) by_key_hash_.emplace(lower(hash), shared);
    }
}

std::shared_ptr<Provider const> Registry::find(std::string_view code) const
{
    for (auto const& provider : all_)
        if (provider->code == code) return provider;
    return nullptr;
}

Result<Admitted> Registry::admit(Credentials const& credentials, std::initializer_list<Role> roles,
                                 std::chrono::sys_days today) const
{
    std::shared_ptr<Provider const> provider;
    if (!credentials.certificate_sha256.empty()) {
        // An unknown certificate is not rescued by a key: who shows one means to be known by it.
        auto const found = by_certificate_.find(lower(credentials.certificate_sha256));
        if (found == by_certificate_.end())
            return Failure{Refusal::credentials_unknown, "certificate " + credentials.certificate_sha256};
        provider = found->second;
    } else if (!credentials.bearer_key.empty()) {
        auto const found = by_key_hash_.find(sha256_hex(credentials.bearer_key));
        if (found == by_key_hash_.end()) return Failure{Refusal::credentials_unknown, "bearer key"};
        provider = found->second;
    } else {
        return Failure{Refusal::credentials_missing, ""};
    }
    if (today < provider->contract_from) return Failure{Refusal::contract_not_started, provider->code};
    if (provider->contract_until && today > *provider->contract_until)
        return Failure{Refusal::contract_ended, provider->code};
    if (std::find(roles.begin(), roles.end(), provider->role) == roles.end())
        return Failure{Refusal::role_forbidden, provider->code};
    return Admitted{std::move(provider)};
}

}  // namespace providers
