#pragma once

// A provider as it should be: files dossiers, never gives one up, never files one twice.
//
//   no answer, 429, 503     the same bytes under the same key again, after Retry-After where one was told; at once at the
//                           hub's other address where it has one and that was not asked yet
//   an answer that was lost some ask first, by the content's hash, whether the hub has it
//   a receipt               written into the ledger at once, kept, and compared byte for byte when all is sent again at the end
//
// Threads: one io_context. Bounds: the number prepared; patience for each dossier; a request's own deadline.

#include "gateway/runtime/task.hpp"
#include "loadtest/mix.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace loadtest::drill
{

struct FilerConfig {
    std::vector<std::string> urls; // addresses of one hub: the first of each dossier is drawn in turn
    std::string ca_file, certificate_file, key_file, bearer_key;
    std::size_t connections = 16;
    double rate = 0;                             // dossiers a second; 0: as fast as answers come
    double ask_share = 0.5;                      // of the answers that were lost: asked by hash before the same is sent again
    std::chrono::seconds patience{900};          // for one dossier, from its first try
    std::chrono::milliseconds request_timeout{40'000};
    std::chrono::seconds retry_after_max{30};    // a longer one is cut: nobody waits for a drill that long
    std::string run_id;                          // begins every Idempotency-Key
    std::string ledger_file;
    std::string stop_file;   // once it is there, no new dossier is begun; empty: all are sent
    std::string repeat_file; // the repeats at the end wait for it; empty: at once
    std::string sent_file;   // written when the last one is answered, before the repeats
};

struct FilerReport {
    std::uint64_t sent = 0, accepted = 0, unanswered = 0; // dossiers; unanswered: patience was over
    std::uint64_t refused = 0;     // answered neither 2xx nor "later": none should be
    std::uint64_t lost_answers = 0, busy = 0; // no answer at all; 429 or 503
    std::uint64_t unavailable = 0; // of those, 503
    std::uint64_t cut = 0;         // requests that were begun to be sent and got no answer: whoever cannot be reached cuts nothing
    std::uint64_t failed = 0;      // every address in a row gave no answer or 503: the dossier had to wait
    std::uint64_t no_retry_after = 0; // 429 or 503 that did not say when
    std::uint64_t asked = 0, asked_found = 0, found_then_new = 0; // by hash; found_then_new: the hub knew it, and stored it again
    std::uint64_t repeats = 0, differences = 0;
    double seconds = 0, longest_silence_s = 0; // without any receipt while dossiers were waiting
    double longest_answer_s = 0;               // from a request to its answer
    std::vector<std::string> words;
    [[nodiscard]] bool good() const;
};
[[nodiscard]] std::string to_json(FilerReport const& report);

// `progress` is told now and then how many are done. Throws std::runtime_error where the ledger cannot be written.
runtime::Task<FilerReport> file_all(net::io_context& context, FilerConfig config, std::vector<Prepared> const& prepared,
                                    std::function<void(std::size_t)> progress);

} // namespace loadtest::drill
