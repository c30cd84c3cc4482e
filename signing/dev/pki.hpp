#pragma once

// A whole development PKI at once: the authorities, and the directory tree that `ivanctl keys pki` leaves
// (described in signing/README.md). Everything in it is made up and says so in its names.
//
// Threads: free functions, any thread. Errors: std::runtime_error, std::filesystem::filesystem_error.

#include "signing/dev/issuer.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace signing::dev {

// Production: root → issuing CA → units. Test: test root → test CA → test certificates (CV 1240 §3).
struct Authorities {
    Identity root, issuing_ca, test_root, test_ca;
    Instant  made_at;
};
// Valid from a day before `now` for `life`. EC keys throughout: made in milliseconds.
[[nodiscard]] Authorities make_authorities(Instant now, std::chrono::hours life = std::chrono::hours{24 * 3650});

struct TrustOptions {
    std::vector<Revoked> revoked;       // by the issuing CA
    std::vector<Revoked> test_revoked;  // by the test CA
    Instant this_update{};              // {}: an hour before made_at
    Instant next_update{};              // {}: 3650 days after made_at, so that a development PKI does not go stale
    std::chrono::year_month_day test_accepted_until{std::chrono::year{2035}, std::chrono::month{12}, std::chrono::day{31}};
    unsigned crl_number = 1;
};
// The directory TrustStore::load() reads: anchors, intermediates and a CRL of every authority.
void write_trust(std::filesystem::path const& directory, Authorities const& authorities, TrustOptions const& options);

struct PkiOptions {
    std::string unit_name = "Công ty TNHH Thử Nghiệm";
    std::string unit_tax_code = "0101300842";
    std::string other_tax_code = "0100109106";
    std::vector<std::string> providers{"vnpt", "ts24", "thaison", "efy", "bkav", "viettel", "portal"};
    std::vector<std::string> server_names{"localhost"};
    std::vector<std::string> server_addresses{"127.0.0.1", "::1"};
    Instant now = std::chrono::system_clock::now();
};
// Returns every file written, relative to `directory`.
std::vector<std::filesystem::path> write_pki(std::filesystem::path const& directory, PkiOptions const& options);

// NAME.pem and NAME.key (readable by the owner alone) in `directory`, which is made where missing.
void write_identity(std::filesystem::path const& directory, std::string const& name, Identity const& identity);

}  // namespace signing::dev
