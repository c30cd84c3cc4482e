#pragma once

// The workflow backend over HTTP: POST {base}/v1/cases, the body exactly as received (design of the wire: README.md).
//
// Threads: one core. Errors: an Outcome, whatever the peer does: a wrong framing, a body without end or no answer
// at all is failed_for_now.
// Trusts: nothing in the answer but its status and Retry-After, both bounded.

#include "gateway/delivery/destination.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/http_client.hpp"

#include <string>

namespace delivery
{

struct BackendConfig {
    std::string url = "http://127.0.0.1:8081";
    std::string ca_file, certificate_file, key_file; // https: anchors, and the hub's client certificate
    std::string bearer_key;                          // sent as Authorization where not empty
    std::size_t connections_max = 256;
    std::size_t answer_bytes_max = 64u << 10;
    std::chrono::milliseconds connect_timeout{3000};
};

// What an answer means. Pure; never throws, whatever the bytes.
[[nodiscard]] Outcome outcome_of(runtime::HttpResponse const& response, runtime::Instant now);

// The request for one dossier. Content-Digest: RFC 9530 §2; traceparent: W3C Trace Context, a new span of the same
// trace.
[[nodiscard]] runtime::HttpRequest case_request(store::Claim const& claim, std::string const& bearer_key);

class Backend final : public Destination {
public:
    // Throws std::runtime_error for unusable files or address.
    Backend(net::io_context& context, BackendConfig config, runtime::Clock const& clock);
    runtime::Task<Outcome> deliver(store::Claim const& claim, runtime::Deadline deadline) override;

private:
    BackendConfig config_;
    runtime::Clock const& clock_;
    runtime::HttpClient client_;
};

} // namespace delivery
