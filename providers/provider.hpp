#pragma once

// An accredited party: an I-VAN provider, BHXH's own portal as one more channel, or the workflow backend.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace providers {

enum class Role { provider, portal, backend };

struct Quota {
    double        requests_per_second = 500;
    std::uint32_t burst = 1000;
    std::uint32_t in_flight_max = 512;  // requests admitted and not yet answered
};

struct Provider {
    std::string code;  // our stable short code: "VNPT", "TS24", "THAISON", "EFY", "BKAV", "VIETTEL", "PORTAL", "TST"
    std::string name;
    Role        role = Role::provider;
    std::vector<std::string> aliases;       // MaIVAN values that mean this party
    std::vector<std::string> certificates;  // SHA-256 of the client certificate's DER, 64 hex digits
    std::vector<std::string> key_hashes;    // SHA-256 of a bearer key (256 random bits), 64 hex digits
    std::chrono::sys_days contract_from{};
    std::optional<std::chrono::sys_days> contract_until;  // last day
    Quota       quota;
    std::optional<std::chrono::sys_days> sha1_until;  // last day SHA-1 signatures are taken from it; nothing: the hub's own rule
    std::string source;  // where the facts come from, or "made up"
    std::string website;
};

struct Agency {
    std::string code;  // 0PPOO
    std::string name;
    std::string province;
    bool        made_up = false;
};

}  // namespace providers
