#pragma once

// The TLS side of a listener: one context for all cores, so that a session begun on one is resumed on another.
//
// TLS 1.2 and 1.3. A client certificate is asked for where client_ca_file is set, and checked against it during the
// handshake; showing none is allowed (a bearer key may follow), showing one that does not verify ends the handshake.
//
// Threads: immutable once made; OpenSSL locks what it shares.

#include "gateway/runtime/config_field.hpp"
#include "gateway/runtime/net.hpp"

#include <memory>
#include <string>
#include <tuple>

namespace intake {

struct TlsConfig {
    std::string certificate_file;  // PEM: the server's certificate, then its chain
    std::string key_file;
    std::string client_ca_file;    // PEM: who may issue client certificates; empty: none is asked for
};

// Shared by the listeners of all cores, and by sessions that outlive a reload. Throws std::runtime_error naming the file.
[[nodiscard]] std::shared_ptr<net::ssl::context> make_tls_context(TlsConfig const& config);

}  // namespace intake
