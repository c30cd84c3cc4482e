#pragma once

// Every kind of bad dossier that its bytes alone can express, each with the code that must answer it. What depends on
// the request instead (media type, key replay, garbage HTTP) is made by those who send.

#include "loadtest/corpus.hpp"
#include "signing/signer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace loadtest {

// One kind of bad input: a name, how it is made from good parts, and the code that must answer it.
struct BadCase {
    std::string name;           // "doctype", "altered", "revoked" …
    std::string description;
    std::string expected_code;  // "GW-3002"
    std::string bytes;
};

// Certificates to sign with. A null one leaves its cases out.
struct BadCaseKeys {
    std::shared_ptr<signing::KeyPair const> good;         // required: chains to an anchor, the corpus's tax code
    std::shared_ptr<signing::KeyPair const> expired;
    std::shared_ptr<signing::KeyPair const> revoked;
    std::shared_ptr<signing::KeyPair const> unknown_ca;
    std::shared_ptr<signing::KeyPair const> other_owner;  // chains to an anchor, another tax code
};

// Deterministic but for the signatures. Codes are those of gateway/fault/faults.def.
[[nodiscard]] std::vector<BadCase> bad_cases(Corpus& corpus, BadCaseKeys const& keys);

}  // namespace loadtest
