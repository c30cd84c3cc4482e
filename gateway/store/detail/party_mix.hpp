#pragma once

// Who the rows of late were of, and whether providers with few stand beside one with many. Every 512 rows what was counted is halved, so
// that about the last thousand count: half a second of a flood, or a quiet hour.
//
// Threads: one. Pure. Errors: none. Bounds: one entry for each provider of late.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace store::detail {

class PartyMix {
public:
    void took(std::string_view provider);
    [[nodiscard]] bool uneven() const noexcept;  // one has four times the rows of another

private:
    std::map<std::string, std::size_t, std::less<>> rows_;
    std::size_t since_halved_ = 0;
};

}  // namespace store::detail
