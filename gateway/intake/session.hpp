#pragma once

// One connection: TLS handshake, then requests one after the other, answered in order.
//
//   header within a deadline → strict framing → route → admission → 100-continue → body, bounded → its turn → unpack → handler → answer
//
// Threads: a session stays on the core that accepted it.
// Memory:  between requests a session holds neither a read buffer nor TLS records; while it reads, a block of `buffers`.
// Errors:  every refusal is an answer in problem+json; whatever leaves the framing in doubt also ends the connection.
// Trusts:  nothing from the peer. What a proxy before us would read otherwise than we do is refused (RFC 9112 §11.2).

#include "gateway/intake/admission.hpp"
#include "gateway/intake/client_certificates.hpp"
#include "gateway/intake/limits.hpp"
#include "gateway/intake/router.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/read_buffer.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/runtime/task_group.hpp"
#include "gateway/runtime/turns.hpp"

#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <memory>

namespace intake {

// What every session shares; all outlive every session.
struct Services {
    Admission& admission;
    observe::Metrics& metrics;
    runtime::Clock const& clock;
    Limits const& limits;
    Router const& router;
    net::thread_pool* cpu = nullptr;  // for unpacking large bodies; null: on the session's core
    ClientCertificates* clients = nullptr;  // null: nobody asks whether they are revoked
};

// What the sessions of one core share, beside its tasks; all outlive every session.
struct OfCore {
    runtime::BufferPool& buffers;
    runtime::Turns& turns;
    runtime::TaskGroup const& group;
};

// Serves until the peer leaves, a bound is reached or the group stops: then an idle connection ends at once, a running request
// is answered with `Connection: close`, and who has just connected may still say its first. Once a stop is announced each answer
// is its connection's last. `tls` null: plain HTTP.
// `place` is given back when it ends.
[[nodiscard]] runtime::Task<void> serve(runtime::Socket socket, ConnectionPlace place, std::shared_ptr<net::ssl::context> tls,
                                        Services services, OfCore core);

// A block that takes the longest header and begins a body.
[[nodiscard]] inline std::size_t read_block_bytes(Limits const& limits)
{
    return std::max<std::size_t>(limits.read_buffer_bytes, 2 * limits.header_bytes_max);
}

}  // namespace intake
