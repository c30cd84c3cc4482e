#pragma once

// The lanes of the house: requests of one kind have places of their own, so that a flood of one never starves another.

#include <array>
#include <cstddef>
#include <string_view>

namespace intake {

enum class Track {
    filings,  // dossiers and registrations: the dear ones; places by the adaptive limit
    asks,     // a party's look-ups and one-time passwords
    waits,    // long polls: they hold a connection and do nothing
    events,   // the backend's
    open,     // everybody's
};
inline constexpr std::array all_tracks{Track::filings, Track::asks, Track::waits, Track::events, Track::open};

[[nodiscard]] constexpr std::size_t index_of(Track track) noexcept { return static_cast<std::size_t>(track); }
[[nodiscard]] constexpr std::string_view name_of(Track track) noexcept
{
    switch (track) {
        case Track::filings: return "filings";
        case Track::asks: return "asks";
        case Track::waits: return "waits";
        case Track::events: return "events";
        case Track::open: return "open";
    }
    return "";
}

}  // namespace intake
