#pragma once

// ivanctl trust add, remove, refresh: changes of a trust directory. Each is tried on a copy first: what the gateway could not
// load is refused before anything changes. Files appear whole (written beside, then renamed), so that a gateway that reads
// the directory at that moment sees the old or the new state.
//
// Threads: one; two operators at once are not kept apart. Errors: std::runtime_error, which main() prints (exit 2).

#include "gateway/ctl/context.hpp"

#include <filesystem>
#include <string_view>

namespace ctl {

void add_trust_changes(CLI::App& trust, Context& context);
void add_trust_refresh(CLI::App& trust, Context& context);  // trust_refresh.cpp

// Written beside its place under a name that the loader passes over, made durable, then renamed.
void write_whole(std::filesystem::path const& path, std::string_view bytes);

}  // namespace ctl
