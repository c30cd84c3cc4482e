#pragma once

// Registry tables: providers, agencies, procedures, units. Blocking calls, for start-up, reload and ivanctl.

#include "gateway/store/failure.hpp"
#include "providers/provider.hpp"
#include "providers/seed.hpp"
#include "schemas/rules.hpp"

#include <string>
#include <vector>

namespace store {

class Reference {
public:
    virtual ~Reference() = default;
    virtual Result<std::vector<providers::Provider>> providers() = 0;
    virtual Result<std::vector<providers::Agency>> agencies() = 0;
    virtual Result<void> put(providers::Provider const& provider) = 0;  // insert or replace, by code
    // Fills what is missing; rows that are there already stay as they are.
    virtual Result<void> seed(providers::Seed const& seed, std::vector<schemas::Procedure> const& procedures) = 0;
};

}  // namespace store
