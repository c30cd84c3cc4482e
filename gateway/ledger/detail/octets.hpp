#pragma once

// Numbers and strings in fixed layouts, most significant octet first. Private to ledger/.

#include "gateway/ledger/merkle.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace ledger::detail {

template <unsigned octets>
void put_number(std::string& out, std::uint64_t value)
{
    for (unsigned i = octets; i-- > 0;) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

// Reads from the front; nothing where too little is left, and from then on.
class Octets {
public:
    explicit Octets(std::string_view bytes) : rest_{bytes} {}

    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

    std::optional<std::string_view> take(std::size_t size)
    {
        if (rest_.size() < size) {
            rest_ = {};
            return std::nullopt;
        }
        auto const bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }

    template <unsigned octets>
    std::optional<std::uint64_t> number()
    {
        auto const bytes = take(octets);
        if (!bytes) return std::nullopt;
        std::uint64_t value = 0;
        for (char const c : *bytes) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

private:
    std::string_view rest_;
};

inline Hash hash_of(std::string_view bytes)  // exactly 32 octets
{
    Hash hash{};
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
}

}  // namespace ledger::detail
