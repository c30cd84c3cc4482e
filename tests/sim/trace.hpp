#pragma once

// What happened, in order: as a hash always, as text where somebody wants to read it. It tells times, numbers given by the
// world and statuses, never bytes that differ from run to run (signatures, random ids).
// Threads: one.

#include "tests/sim/sim_clock.hpp"

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

class Trace {
public:
    Trace(Calendar const& calendar, bool text) : calendar_{calendar}, text_{text} {}

    void say(std::string_view what, std::initializer_list<std::int64_t> numbers = {})
    {
        mix(static_cast<std::uint64_t>(calendar_.passed().count()));
        for (auto const c : what) mix(static_cast<unsigned char>(c));
        for (auto const number : numbers) mix(static_cast<std::uint64_t>(number));
        if (!text_) return;
        auto const at = calendar_.passed().count();
        char time[48];
        std::snprintf(time, sizeof time, "%3lld d %02lld:%02lld:%02lld.%06lld  ", static_cast<long long>(at / 86'400'000'000),
                      static_cast<long long>(at / 3'600'000'000 % 24), static_cast<long long>(at / 60'000'000 % 60),
                      static_cast<long long>(at / 1'000'000 % 60), static_cast<long long>(at % 1'000'000));
        auto& line = lines_.emplace_back(time);
        line += what;
        for (auto const number : numbers) line += ' ' + std::to_string(number);
    }
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::vector<std::string> const& lines() const noexcept { return lines_; }

private:
    void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3u; }  // FNV-1a, a word at a time

    Calendar const& calendar_;
    bool text_;
    std::uint64_t hash_ = 0xcbf29ce484222325u;
    std::vector<std::string> lines_;
};

}  // namespace sim
