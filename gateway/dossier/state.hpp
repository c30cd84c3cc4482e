#pragma once

// Delivery's states, as a table checked while compiling. State is a place: the queue, a lease, the dead letters.

#include <array>
#include <optional>
#include <string_view>

namespace dossier {

enum class State { stored, sending, deferred, delivered, dead };
enum class Event { claimed, accepted, refused, failed_for_now, lease_expired, gave_up, replayed };

struct Step {
    State from;
    Event event;
    State to;
};
inline constexpr std::array<Step, 8> steps{{
    {State::stored, Event::claimed, State::sending},
    {State::deferred, Event::claimed, State::sending},
    {State::sending, Event::accepted, State::delivered},
    {State::sending, Event::refused, State::dead},
    {State::sending, Event::failed_for_now, State::deferred},
    {State::sending, Event::lease_expired, State::deferred},
    {State::sending, Event::gave_up, State::dead},
    {State::dead, Event::replayed, State::stored},  // only a person does this
}};

[[nodiscard]] constexpr std::optional<State> next(State from, Event event)
{
    for (auto const& step : steps)
        if (step.from == from && step.event == event) return step.to;
    return std::nullopt;
}
[[nodiscard]] constexpr bool leaves(State state)
{
    for (auto const& step : steps)
        if (step.from == state) return true;
    return false;
}
static_assert(!leaves(State::delivered), "a delivered dossier never moves again");

[[nodiscard]] constexpr std::string_view name_of(State state)
{
    switch (state) {
        case State::stored: return "stored";
        case State::sending: return "sending";
        case State::deferred: return "deferred";
        case State::delivered: return "delivered";
        case State::dead: return "dead";
    }
    return "";
}

}  // namespace dossier
