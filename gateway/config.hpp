#pragma once

// One TOML file → each part's own Config. Every error is reported at once, with its key and reason; unknown keys are
// refused. No part includes this file: the root hands each its own struct.
//
// The rows (key, bounds, help) stand beside the structs as Field tables; --print-config and ops/config.md are made from
// the same rows. Times are written "500ms", "30s", "5m", "2h"; relative paths start at the working directory.

#include "gateway/delivery/backend.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "gateway/intake/limits.hpp"
#include "gateway/intake/notices.hpp"
#include "gateway/intake/submit.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/otp/config.hpp"
#include "gateway/revocation/config.hpp"
#include "gateway/store/postgres.hpp"
#include "schemas/limits.hpp"
#include "signing/policy.hpp"
#include "signing/signer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct ServerConfig {
    std::string address = "127.0.0.1";
    std::uint32_t port = 8443;             // 0: any free one
    std::string certificate_file, key_file;  // both empty: plain HTTP, for a sandbox or behind a TLS proxy
    std::string client_ca_file;            // who may issue providers' client certificates
    std::uint32_t io_threads = 0;          // 0: one per core
    std::uint32_t cpu_threads = 2;
    std::chrono::milliseconds drain_wait{2'000};    // of stop_timeout
    std::chrono::milliseconds stop_timeout{10'000};
    std::chrono::milliseconds reload_interval{5'000};
};

struct OpsConfig {
    std::string address = "127.0.0.1";
    std::uint32_t port = 9443;
    std::string console_directory;         // empty: no console
};

struct SigningConfig {
    std::string trust_directory;
    std::string receipt_key_file, receipt_certificate_file;
    std::string receipt_key;               // in place of receipt_key_file: "file:…" or "pkcs11:…"
    std::string receipt_keys_directory;    // in place of both: several keys with their dates (dossier/receipt_keys.hpp)
    signing::TokenConfig token;
    std::chrono::hours receipt_key_warning{24 * 30};  // alarm receipt_key_ends so long before nobody signs any more
    std::string sha1_until;                // yyyy-mm-dd, the last day SHA-1 is taken; empty: never
    std::string branch_rule = "parent_may_sign";  // or "exact"
    signing::Policy policy;                // sha1_until and branch_rule are filled in from the two texts
};

struct EngineConfig {
    std::string engine = "sweep";          // or "tree": the reference alone
    intake::CrossCheckConfig cross_check;
};

struct SchemasConfig {
    std::string xsd_directory, rules_directory;
};

struct ProbeConfig {
    std::string key_file, certificate_file;  // of the operator, under the anchors of signing.trust_directory; empty: the receipt key
    std::chrono::milliseconds interval{2'000};
    std::chrono::milliseconds timeout{3'000};
    std::chrono::milliseconds fresh{10'000};  // an older probe does not count as ready
};

struct AlarmConfig {
    std::chrono::seconds queue_age_max{900};  // NĐ 166/2016 knows a 15-minute acknowledgement: our own choice to watch the queue by it
    std::uint64_t dead_letters_max = 0;
};

struct DeliverySwitch {
    bool enabled = true;                   // false: this process takes in and does not deliver
};

struct Config {
    ServerConfig server;
    OpsConfig ops;
    intake::Limits intake;
    intake::SubmitConfig examine;
    EngineConfig engine;
    schemas::EnvelopeLimits envelope;
    intake::NoticesConfig notices;
    SigningConfig signing;
    revocation::RevocationConfig revocation;
    SchemasConfig schemas;
    store::StoreConfig store;
    DeliverySwitch delivery_switch;
    delivery::DeliveryConfig delivery;
    delivery::BackendConfig backend;
    otp::Config otp;
    ProbeConfig probe;
    AlarmConfig alarms;
    observe::LogConfig log;
};

struct ConfigRead {
    Config config;                       // defaults where a key is missing or wrong
    std::vector<std::string> problems;   // "intake.body_bytes_max: must be between 1024 and 67108864"; empty: usable
};

// Any bytes in; never throws for what they hold.
[[nodiscard]] ConfigRead parse_config(std::string_view toml);
[[nodiscard]] ConfigRead read_config(std::filesystem::path const& file);

[[nodiscard]] std::string print_config(Config const& config);  // effective values, as a file that reads back; secrets masked
[[nodiscard]] std::string config_markdown();                   // ops/config.md

}  // namespace gateway
