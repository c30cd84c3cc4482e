#pragma once

// What the calls of the provable log answered, kept as files: heads (GET /v1/log/head) and proofs (/v1/log/proof, /v1/log/consistency).
//
// Threads: one. Errors: std::runtime_error naming the file where it is no such answer. Trusts: nothing; signatures are looked at by
// trouble_of_signature (statement_file.hpp).

#include "gateway/ledger/head.hpp"
#include "gateway/ledger/proof.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace ctl {

struct HeadFile {
    ledger::TreeHead head;
    std::string text, signature;  // octets
};

struct ProofFile {
    std::uint64_t index = 0, size = 0;
    std::string entry;  // octets
    ledger::Hash leaf_hash{};
    ledger::Proof path;
    std::optional<HeadFile> head;  // nothing where the size was asked for
};

[[nodiscard]] HeadFile read_head_file(std::string const& file);
[[nodiscard]] ProofFile read_proof_file(std::string const& file);

// What is wrong between a tree that `whose` says and that of a kept head, in words; empty where both are of one log. `consistency` is
// the file with the proof between the two sizes; std::runtime_error where it is needed and not given.
[[nodiscard]] std::string trouble_of_trees(std::string const& whose, ledger::TreeHead const& tree, ledger::TreeHead const& kept,
                                           std::string const& consistency);

}  // namespace ctl
