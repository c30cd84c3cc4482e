#pragma once

// A pattern facet as a table over bytes: one look-up a byte, no way back, no allocation.
//
// Understood: characters, classes of characters and ranges, negated too, the dot, groups (optional ones, none that repeats), |, ? * +
// {n} {n,m} {n,}, escaped punctuation; and only where each character of a text can stand for one part of the pattern, as in
// "[0-9]{1,3}(,[0-9]{2})?" but not in "[0-9]*0". Everything else (multi-character escapes such as \d, which means every script's digits,
// subtraction, anything beyond ASCII) is not, nor what takes more than states_max. libxml2 2.9.14 misjudges some of what is
// left out: "[a-c]*[^a]" does not take "b", and "(a)*|[0-9]*" takes "0a". Texts are valid UTF-8.
//
// Source: XML Schema 1.0 part 2 (W3C 2004) appendix F; compared with libxml2's engine by tests.
// Threads: immutable. Errors: of() says why a pattern is not understood.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

class Pattern {
public:
    static constexpr std::size_t states_max = 4096;  // of the table, and of the automaton it is made from: our own choice
    static constexpr unsigned repeats_max = 1000;    // n and m of {n,m}
    static constexpr unsigned depth_max = 16;        // groups inside groups

    [[nodiscard]] static std::optional<Pattern> of(std::string_view pattern, std::string& why);

    // Of the whole text, as the facet asks.
    [[nodiscard]] bool matches(std::string_view text) const noexcept
    {
        std::size_t row = 0;
        for (char const c : text) row = next_[row + class_of_[static_cast<unsigned char>(c)]];
        return next_[row + classes_] != 0;
    }

    // Whether some text it takes may hold a space, tab, CR or LF.
    [[nodiscard]] bool takes_blanks() const noexcept { return takes_blanks_; }
    [[nodiscard]] std::size_t states() const noexcept { return next_.size() / (classes_ + 1); }

private:
    Pattern() = default;
    std::size_t classes_ = 1;  // bytes that no state tells apart are one class
    std::array<std::uint8_t, 256> class_of_{};
    std::vector<std::uint32_t> next_;  // a row a state: where the next one begins for each class, then whether it accepts
    bool takes_blanks_ = false;
};

}  // namespace schemas::detail
