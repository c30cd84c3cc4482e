#pragma once

// Files of seeds: "SEED [DOSSIERS_MAX]" a line. A seed alone says nothing: how many dossiers a world may have decides the first number
// it draws, and so everything after it.
//
// Threads: any. Errors: std::runtime_error for a file or a line that cannot be read.

#include "tests/sim/world.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace sim {

inline constexpr std::size_t seed_dossiers_max = 150;  // where a line does not say

[[nodiscard]] inline std::string seed_line(WorldConfig const& config)
{
    return std::to_string(config.seed) + (config.dossiers_max == seed_dossiers_max ? "" : " " + std::to_string(config.dossiers_max));
}

[[nodiscard]] inline std::vector<WorldConfig> read_seeds(std::string const& path)
{
    std::vector<WorldConfig> worlds;
    std::ifstream in{path};
    if (!in) throw std::runtime_error("cannot read " + path);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words{line.substr(0, line.find('#'))};
        WorldConfig config;
        config.dossiers_max = seed_dossiers_max;
        bool const good = words >> config.seed && (words >> config.dossiers_max || words.eof()) && (words >> std::ws).eof();
        if (!good || config.dossiers_max < dossiers_least) throw std::runtime_error(path + ": not \"SEED [DOSSIERS_MAX]\": " + line);
        worlds.push_back(config);
    }
    return worlds;
}

}  // namespace sim
