#pragma once

// Accepts connections on one core, up to a ceiling shared by all, and spawns a session for each.
//
// Threads: one core, with its own acceptor (reuse_port lets the kernel spread connections over them).
// Errors:  throws std::runtime_error while starting (address in use); later, a failed accept is counted and tried again.
// Bounds:  Limits::connections_max. At the ceiling nothing is accepted: peers wait in the kernel's queue, `backlog` long.

#include "gateway/intake/session.hpp"
#include "gateway/intake/tls.hpp"
#include "gateway/runtime/task_group.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace intake {

struct ListenerConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;         // 0: any free one; port() tells
    bool reuse_port = false;        // several listeners of one process, one per core
    int backlog = 1024;
    std::optional<TlsConfig> tls;   // none: plain HTTP (operations' listener, sandbox, behind a TLS proxy)
};

class Listener {
public:
    // Binds and listens. `tls` is make_tls_context() of the config, one for all cores; null with config.tls set: made here.
    Listener(net::io_context& context, ListenerConfig config, Services services,
             std::shared_ptr<net::ssl::context> tls = nullptr);
    Listener(Listener const&) = delete;
    Listener& operator=(Listener const&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // Spawns the accept loop; sessions are spawned into the same group. The group is of this core, and its stop() ends
    // both. The Listener outlives the group's members.
    void start(runtime::TaskGroup& group);
    // No more connections; those that live go on, and whoever stands in the kernel's queue is let in. On this core's thread,
    // before the group's stop().
    runtime::Task<void> stop_accepting();

private:
    runtime::Task<void> accept_loop(runtime::TaskGroup& group);
    void welcome(runtime::Socket socket, ConnectionPlace place);

    Services services_;
    runtime::BufferPool buffers_;             // of this core's sessions, as are the turns
    runtime::Turns turns_;
    std::shared_ptr<net::ssl::context> tls_;  // shared with every session and core
    runtime::Acceptor acceptor_;
    std::uint16_t port_ = 0;
    int const backlog_;
    runtime::TaskGroup* group_ = nullptr;     // from start()
    bool stopping_ = false;
};

}  // namespace intake
