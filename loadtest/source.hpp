#pragma once

// Providers: sends prepared dossiers over kept connections, closed loop or at a rate, and checks every answer.
//
// Threads: one io_context. Bounds: the number prepared, time_max, tries_max for each.

#include "gateway/runtime/task.hpp"
#include "loadtest/mix.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace loadtest
{

struct SourceConfig {
    std::string url = "https://127.0.0.1:8443";
    std::string ca_file, certificate_file, key_file, bearer_key;
    std::size_t connections = 32;
    double rate = 0;            // dossiers a second, whatever the answers do; 0: as fast as answers come
    double repeat_share = 0.01; // sent again once accepted: the same receipt must come back
    std::size_t rounds = 1;           // how often each dossier is sent, every time under a key and with bytes of its own
    unsigned tries_max = 20;    // of one dossier, over 429, 503 and lost answers
    std::chrono::seconds time_max{3600};
    std::chrono::seconds request_timeout{30};
    std::string run_id; // begins every Idempotency-Key
};

// What came of one dossier.
struct Sent {
    enum class Verdict { unsent, accepted, refused, wrong, unanswered } verdict = Verdict::unsent;
    std::chrono::nanoseconds took{0}; // from when it was due (at a rate) or begun, over every try
    unsigned tries = 0;
    std::string dossier_id, case_code;
    std::string trouble; // for wrong and unanswered: what
};

struct SourceResult {
    std::vector<Sent> sent; // in the order of the prepared, round after round
    std::chrono::nanoseconds elapsed{0};
    std::uint64_t repeats = 0, busy = 0, lost = 0; // repeated after acceptance; answers 429 and 503; no answer
};

// `done` counts dossiers with a verdict, for a progress bar on another thread.
runtime::Task<SourceResult> send_all(net::io_context& context, SourceConfig config,
                                     std::vector<Prepared> const& prepared,
                                     std::function<void(std::size_t done)> progress);

// A mark to stand behind the root element, where XML allows blanks (XML 1.0 §2.8, Misc) and no signature covers them: another
// one for each number, none for 0.
[[nodiscard]] std::string blanks(std::uint64_t number);

// What dossier n sends: the prepared bytes, from the second round on marked. The same content under another key would be a duplicate.
[[nodiscard]] std::string sent_bytes(std::vector<Prepared> const& prepared, std::size_t n);
[[nodiscard]] std::string sent_sha256(std::vector<Prepared> const& prepared, std::size_t n);

[[nodiscard]] std::string idempotency_key(std::string const& run_id, std::size_t n);

} // namespace loadtest
