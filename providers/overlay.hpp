#pragma once

// Credentials of providers, kept apart from the seed since they belong to one installation:
//
//   [[provider]]
//   code = "VNPT"
//   certificates = ["<SHA-256 of the client certificate's DER, 64 hex digits>"]
//   key_hashes = ["<SHA-256 of a bearer key, 64 hex digits>"]

#include "providers/provider.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace providers {

struct Overlay {
    std::string code;
    std::vector<std::string> certificates, key_hashes;
};

// Throws std::runtime_error naming every problem.
[[nodiscard]] std::vector<Overlay> load_overlay(std::filesystem::path const& file);
// The parties an overlay names, with its credentials in place of theirs. Throws std::runtime_error for a code nobody has.
[[nodiscard]] std::vector<Provider> overlaid(std::vector<Provider> parties, std::vector<Overlay> const& overlays);

}  // namespace providers
