#pragma once

// One row of a part's configuration: key, member, bounds and help. Each part lists its rows beside its Config, and the
// root reads one file into all of them; --print-config and ops/config.md come from the same rows.
//
//   inline constexpr std::tuple limits_fields{
//       Field{"intake.body_bytes_max", &Limits::body_bytes_max, 1u << 10, 64u << 20, "Largest body as sent."},
//   };

#include <string>
#include <string_view>

namespace runtime {

// Integers, floating point and std::chrono durations, with both bounds allowed.
template <class Struct, class T>
struct Field {
    std::string_view key;
    T Struct::*member;
    T min;
    T max;
    std::string_view help;
};
template <class Struct, class T, class Min, class Max>
Field(std::string_view, T Struct::*, Min, Max, std::string_view) -> Field<Struct, T>;
template <class Struct, class T, class Min, class Max>
Field(char const*, T Struct::*, Min, Max, char const*) -> Field<Struct, T>;

template <class Struct>
struct TextField {
    std::string_view key;
    std::string Struct::*member;
    std::string_view help;
};
template <class Struct>
TextField(char const*, std::string Struct::*, char const*) -> TextField<Struct>;

template <class Struct>
struct FlagField {
    std::string_view key;
    bool Struct::*member;
    std::string_view help;
};
template <class Struct>
FlagField(char const*, bool Struct::*, char const*) -> FlagField<Struct>;

}  // namespace runtime
