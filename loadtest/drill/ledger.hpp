#pragma once

// What a provider wrote down for itself: one line for every dossier it was given a receipt for, at the moment it had it. The
// judge trusts this file and nothing that the hub says.
//
// Threads: one. Errors: std::runtime_error. Lines are written through to the system: a reader sees every one.

#include "gateway/runtime/clock.hpp"

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace loadtest::drill
{

struct Entry {
    runtime::Instant at{}; // when the receipt was in hand
    std::string key;       // Idempotency-Key
    std::string content_sha256, dossier_id, case_code, unit_code, agency;
    std::string receipt_sha256; // of the answer's bytes
    bool xml = false;           // the answer was the signed receipt; else JSON
};

class Ledger {
public:
    explicit Ledger(std::string const& file); // appends
    void write(Entry const& entry);

private:
    std::ofstream out_;
};

[[nodiscard]] std::vector<Entry> read_ledger(std::string const& file);

// What the backend simulator wrote down (`ivan-loadtest sink --record`): every hand-over that it took as new, knew already or
// refused, and beside it each that came while another of its unit was under way.
struct Taken {
    enum class As { fresh, again, refused, overlap };
    runtime::Instant at{};
    As as = As::fresh;
    std::string key, case_code, dossier_id, content_sha256, unit_code, agency;
};
[[nodiscard]] std::vector<Taken> read_record(std::string const& file);

// What was done to the hub: from when until when. After `to` the cause was gone.
struct Fault {
    std::string name;
    runtime::Instant from{}, to{};
};
[[nodiscard]] std::vector<Fault> read_faults(std::string const& file);

} // namespace loadtest::drill
