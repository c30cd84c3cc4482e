#pragma once

// Bugs planted on purpose, in the simulator's world alone, to show that it finds them (tests/sim/planted_bug_test.cpp,
// ivan-sim --plant NAME).

#include <array>
#include <optional>
#include <string_view>

namespace sim {

enum class Planted {
    none,
    acknowledged_before_commit,  // the receipt goes out before the disk has it
    key_not_asked,               // whether the key is known is not always asked
    receipt_sealed_again,        // a repeat gets a receipt made anew
    number_burnt,                // a number is taken though the transaction failed
    unit_order_ignored,          // every dossier is its own line
    lease_ignored,               // whoever asks holds the queue
    delivery_forgotten,          // what failed for now counts as delivered
    refusal_not_recorded,        // the answer goes out without its record
    log_rewritten,               // an entry of the log is replaced
    log_place_given_twice,       // two gateways extend the log at once
    content_not_asked,           // whether the content is known under another key is not always asked
    question_unheard,            // a question by hash is answered "nothing" though it is stored
};
inline constexpr std::array<std::string_view, 13> planted_names{
    "none", "acknowledged_before_commit", "key_not_asked", "receipt_sealed_again", "number_burnt",
    "unit_order_ignored", "lease_ignored", "delivery_forgotten", "refusal_not_recorded", "log_rewritten", "log_place_given_twice",
    "content_not_asked", "question_unheard",
};

[[nodiscard]] inline std::optional<Planted> planted_from(std::string_view name)
{
    for (std::size_t i = 0; i < planted_names.size(); ++i)
        if (planted_names[i] == name) return static_cast<Planted>(i);
    return std::nullopt;
}

}  // namespace sim
