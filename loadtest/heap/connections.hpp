#pragma once

// What one idle connection holds in the server: the real listener and sessions, with clients in a process of their own, so that every
// byte counted is the server's.
//
// Threads: one; REQUIRES a process without others (it forks). Errors: std::runtime_error where a client cannot do its part.

#include <cstddef>

namespace bench
{

struct Idle {
    // For each connection: of the heap, and of the process's resident memory.
    double shaken_heap = 0, shaken_resident = 0;      // nothing was asked yet
    double answered_heap = 0, answered_resident = 0;  // a request was answered
};

enum class Line {
    plain,
    tls,
    mutual_tls,        // the client shows a certificate with a P-256 key; its issuer is known to us
    mutual_tls_chain,  // with an RSA-2048 key, and its issuer's certificate behind it
};

// `held` tells what the process has on the heap now.
[[nodiscard]] Idle idle_connections(Line line, std::size_t connections, std::ptrdiff_t (*held)());

} // namespace bench
