#pragma once

// The agencies (cơ quan BHXH) dossiers may be filed with. A snapshot, swapped whole on reload.
//
// Threads: immutable.

#include "providers/provider.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace providers {

class Directory {
public:
    explicit Directory(std::vector<Agency> agencies)
    {
        for (auto& agency : agencies) {
            auto code = agency.code;
            by_code_.insert_or_assign(std::move(code), std::move(agency));
        }
    }

    [[nodiscard]] Agency const* find(std::string_view code) const
    {
        auto const found = by_code_.find(std::string{code});
        return found == by_code_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::size_t size() const noexcept { return by_code_.size(); }

private:
    std::unordered_map<std::string, Agency> by_code_;
};

}  // namespace providers
