#pragma once

// One piece of evidence over the network: GET a CRL, or POST an OCSP request.
//
// Over plain http:// alone: CRLs and OCSP responses are signed themselves, and asking for them over TLS would need their
// own answer first (RFC 5280 §8, RFC 6960 §A.1). No redirect is followed: an address is what a certificate or an operator
// wrote, and nothing else. Answers are bounded in size and time, and believed by nobody before Revocations::make().
//
// Threads: one io_context, the caller's. Errors: Fetched::trouble, in words for the log.

#include "gateway/revocation/config.hpp"
#include "gateway/revocation/schedule.hpp"
#include "gateway/runtime/task.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace revocation {

struct Address {
    std::string base;    // "http://crl.example.vn:8080"
    std::string host;    // lower case
    std::string target;  // "/ca.crl?x=1"
};
// No CA's address comes near; as of `crl_urls` in the anchors' files.
inline constexpr std::size_t address_bytes_max = 2000;
// Nothing: not an http:// address of a host, perhaps a port, and a path, or longer than address_bytes_max, or with user
// names, fragments or bytes no address has. What it takes, the HTTP client takes too.
[[nodiscard]] std::optional<Address> read_address(std::string_view url);
// `hosts` as in the configuration; empty allows every host.
[[nodiscard]] bool allowed(std::string_view hosts, std::string_view host);

// What the source said of the version we hold, to ask for a newer one only. Each is empty or usable.
struct Version {
    std::string etag, last_modified;
};
inline constexpr std::size_t validator_bytes_max = 1000;
// Visible ASCII and spaces: RFC 9110 §8.8.3 lets an entity tag hold other bytes too, which would be no text in a kept file.
[[nodiscard]] bool usable_validator(std::string_view text);

struct Fetched {
    Outcome outcome = Outcome::failed;  // fetched, unchanged or failed
    std::string bytes;
    Version version;
    std::string trouble;
};

// REQUIRES: context and config outlive the task.
[[nodiscard]] runtime::Task<Fetched> fetch(net::io_context& context, RevocationConfig const& config, Job job, Version held);

}  // namespace revocation
