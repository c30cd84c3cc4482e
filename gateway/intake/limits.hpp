#pragma once

// Every inbound bound, with its reason. At a bound the peer gets an answer or a closed connection, never our growth.
// The numbers are our own choice where no reason names a source.

#include "gateway/intake/doors.hpp"
#include "gateway/intake/pace.hpp"
#include "gateway/intake/places.hpp"
#include "gateway/intake/throttle.hpp"
#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace intake {

struct Limits {
    // Connections. One holds a read buffer and, under TLS, about 40 KB of OpenSSL state.
    std::uint32_t connections_max = 2048;             // all cores of this process; beyond it we stop accepting
    std::uint32_t requests_per_connection_max = 100'000;  // then `Connection: close`, so that load spreads again after a restart
    std::uint64_t read_buffer_bytes = 64u << 10;      // reserved once: an empty buffer reads 512 bytes at a time

    // One request as sent.
    std::uint64_t header_bytes_max = 16u << 10;       // our longest real header is under 2 KB
    std::uint32_t header_fields_max = 100;
    std::uint64_t target_bytes_max = 4u << 10;
    std::uint64_t body_bytes_max = 16u << 20;         // as sent, packed or not: the largest dossier with attachments, and half as much again
    std::uint64_t open_body_bytes_max = 64u << 10;    // on routes open to everybody
    std::uint64_t unpacked_bytes_max = 32u << 20;     // schemas::XmlLimits::bytes_max: more would be refused there
    std::uint64_t unpack_inline_bytes_max = 256u << 10;  // of output on the session's own core; the rest goes to the CPU pool

    // Room, for the whole process.
    std::uint64_t memory_bytes_max = 256u << 20;      // bodies being read, unpacked and handled
    std::uint32_t memory_small_percent = 10;          // of that kept for small bodies, which must not wait behind large ones
    std::uint64_t small_bytes_max = 64u << 10;        // what a small body is
    std::uint32_t provider_memory_percent_max = 60;   // one party's share of memory
    std::uint32_t in_flight_max = 1024;               // requests admitted and not yet answered

    // Places of each lane (tracks.hpp), shared out among the parties that use it. Filings: the adaptive limit.
    PaceConfig pace;
    PlacesConfig places;
    std::uint32_t asks_max = 256;                     // each is one short query of the database
    std::uint32_t waits_max = 512;                    // long polls: sixteen for each of some thirty parties
    std::uint32_t events_max = 64;
    std::uint32_t open_max = 128;
    ThrottleConfig throttle;
    DoorsConfig doors;

    // Time.
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds header_timeout{10'000};      // from a request's first byte to the end of its header
    std::chrono::milliseconds idle_timeout{75'000};        // between requests; longer than a usual proxy's 60 s, so that it closes first
    std::chrono::milliseconds body_timeout{120'000};       // however fast the bytes come
    std::chrono::milliseconds body_grace{5'000};           // before the minimum rate counts
    std::uint64_t body_bytes_per_second_min = 8u << 10;    // a poor ADSL uplink of a district office does several times more
    std::chrono::milliseconds request_timeout{30'000};     // for the handler, once the body is whole
    std::chrono::milliseconds write_timeout{30'000};
    std::chrono::milliseconds close_timeout{1'000};        // for the peer to read our last answer and close too
    std::chrono::milliseconds accept_pause{20};            // at connections_max, before looking again

    // A refused body up to this size is read and thrown away, so that the connection lives; a larger one ends it.
    std::uint64_t drain_bytes_max = 256u << 10;
    std::chrono::milliseconds drain_timeout{2'000};

    std::chrono::seconds retry_after{2};                   // told with 503 where nothing better is known
    std::chrono::seconds retry_after_max{60};              // the longest we ask anybody to wait for want of room
    // After a refusal for want of room or quota the connection's next request is read so much later, doubled for each refusal in
    // a row up to eight times: who does not obey Retry-After waits all the same, and costs us nothing meanwhile.
    std::chrono::milliseconds refusal_pause{25};

    std::uint64_t seed = 0;  // of the jitter of Retry-After; 0: from the system
};

namespace detail {
using std::chrono::milliseconds, std::chrono::seconds, std::chrono::minutes;
}

inline constexpr std::tuple limits_fields{
    runtime::Field{"intake.connections_max", &Limits::connections_max, 1u, 100'000u, "Connections of one process; beyond it none is accepted."},
    runtime::Field{"intake.requests_per_connection_max", &Limits::requests_per_connection_max, 1u, 100'000'000u, "Requests on one connection before it is closed."},
    runtime::Field{"intake.read_buffer_bytes", &Limits::read_buffer_bytes, 4u << 10, 1u << 20, "Read buffer of one connection."},
    runtime::Field{"intake.header_bytes_max", &Limits::header_bytes_max, 1u << 10, 64u << 10, "Largest request line with all header fields."},
    runtime::Field{"intake.header_fields_max", &Limits::header_fields_max, 8u, 1000u, "Header fields of one request."},
    runtime::Field{"intake.target_bytes_max", &Limits::target_bytes_max, 128u, 32u << 10, "Longest request target."},
    runtime::Field{"intake.body_bytes_max", &Limits::body_bytes_max, 1u << 10, 64u << 20, "Largest body as sent."},
    runtime::Field{"intake.open_body_bytes_max", &Limits::open_body_bytes_max, 256u, 1u << 20, "Largest body on routes open to everybody."},
    runtime::Field{"intake.unpacked_bytes_max", &Limits::unpacked_bytes_max, 1u << 10, 256u << 20, "Largest body once unpacked."},
    runtime::Field{"intake.unpack_inline_bytes_max", &Limits::unpack_inline_bytes_max, 0u, 4u << 20, "Unpacked on the session's core; the rest on the CPU pool."},
    runtime::Field{"intake.memory_bytes_max", &Limits::memory_bytes_max, 1u << 16, std::uint64_t{64} << 30, "Memory for the bodies of all requests together."},
    runtime::Field{"intake.memory_small_percent", &Limits::memory_small_percent, 0u, 90u, "Share of that memory kept for small bodies."},
    runtime::Field{"intake.small_bytes_max", &Limits::small_bytes_max, 1u << 10, 16u << 20, "What a small body is."},
    runtime::Field{"intake.provider_memory_percent_max", &Limits::provider_memory_percent_max, 1u, 100u, "One party's largest share of that memory."},
    runtime::Field{"intake.in_flight_max", &Limits::in_flight_max, 1u, 1'000'000u, "Requests admitted and not yet answered."},
    runtime::Field{"intake.handshake_timeout", &Limits::handshake_timeout, detail::milliseconds{1}, detail::minutes{5}, "Longest TLS handshake."},
    runtime::Field{"intake.header_timeout", &Limits::header_timeout, detail::milliseconds{1}, detail::minutes{5}, "From a request's first byte to the end of its header."},
    runtime::Field{"intake.idle_timeout", &Limits::idle_timeout, detail::milliseconds{1}, detail::minutes{60}, "A kept connection without a request."},
    runtime::Field{"intake.body_timeout", &Limits::body_timeout, detail::milliseconds{1}, detail::minutes{60}, "Longest wait for one whole body."},
    runtime::Field{"intake.body_grace", &Limits::body_grace, detail::milliseconds{1}, detail::minutes{10}, "Before the minimum rate of a body counts."},
    runtime::Field{"intake.body_bytes_per_second_min", &Limits::body_bytes_per_second_min, 1u, 1u << 30, "Slowest body allowed, after the grace."},
    runtime::Field{"intake.request_timeout", &Limits::request_timeout, detail::milliseconds{1}, detail::minutes{60}, "For the handler, once the body is whole."},
    runtime::Field{"intake.write_timeout", &Limits::write_timeout, detail::milliseconds{1}, detail::minutes{60}, "For the peer to take one answer."},
    runtime::Field{"intake.close_timeout", &Limits::close_timeout, detail::milliseconds{1}, detail::minutes{1}, "For the peer to read our last answer and close too."},
    runtime::Field{"intake.accept_pause", &Limits::accept_pause, detail::milliseconds{1}, detail::milliseconds{10'000}, "At connections_max, before looking again."},
    runtime::Field{"intake.drain_bytes_max", &Limits::drain_bytes_max, 0u, 16u << 20, "A refused body up to this size is read and thrown away."},
    runtime::Field{"intake.drain_timeout", &Limits::drain_timeout, detail::milliseconds{1}, detail::minutes{1}, "For a refused body to arrive."},
    runtime::Field{"intake.retry_after", &Limits::retry_after, detail::seconds{1}, detail::seconds{3600}, "Told with 503 where nothing better is known."},
    runtime::Field{"intake.retry_after_max", &Limits::retry_after_max, detail::seconds{1}, detail::seconds{3600}, "The longest Retry-After told for want of room."},
    runtime::Field{"intake.refusal_pause", &Limits::refusal_pause, detail::milliseconds{0}, detail::milliseconds{10'000}, "After a 429 or 503 the connection's next request is read so much later; doubled for each in a row, up to eight times."},
    runtime::Field{"intake.asks_max", &Limits::asks_max, 1u, 100'000u, "Look-ups of parties at once: a lane of their own."},
    runtime::Field{"intake.waits_max", &Limits::waits_max, 1u, 100'000u, "Long polls at once."},
    runtime::Field{"intake.events_max", &Limits::events_max, 1u, 100'000u, "The backend's calls at once."},
    runtime::Field{"intake.open_max", &Limits::open_max, 1u, 100'000u, "Calls of routes open to everybody at once."},
};

}  // namespace intake
