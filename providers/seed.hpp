#pragma once

// The files of providers/seed/: what the registry tables are filled with on a fresh database.

#include "providers/provider.hpp"

#include <filesystem>
#include <vector>

namespace providers {

struct Seed {
    std::vector<Provider> providers;
    std::vector<Agency>   agencies;
};

// Reads providers.toml and agencies.toml. Throws std::runtime_error naming every problem.
[[nodiscard]] Seed load_seed(std::filesystem::path const& directory);

}  // namespace providers
