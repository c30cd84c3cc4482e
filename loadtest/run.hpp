#pragma once

// A whole run: make dossiers, send them, wait until the backend has them, compute every receipt again, report.
//
// Threads: the caller's, with helpers that end before it returns. Errors: std::runtime_error for trouble of its own.

#include "loadtest/mix.hpp"
#include "loadtest/sink.hpp"
#include "loadtest/source.hpp"

#include <optional>

namespace loadtest
{

struct RunConfig {
    MixConfig mix;
    SourceConfig source;
    std::string pki;       // a development PKI: fills in what of ca, cert, key, units is not given
    std::string unit_keys; // folder of NAME.key, NAME.pem
    std::string issuing_ca_certificate, issuing_ca_key;
    std::size_t signers = 200; // units made with the issuing CA
    signing::dev::KeyKind unit_keys_made = signing::dev::KeyKind::p256;
    std::vector<std::string> agencies{"00108"};
    std::string ops_url;                 // /readyz is asked before
    std::string sink_url;                // /counts is asked after; empty: delivery is not checked
    std::optional<SinkConfig> own_sink;  // run one in this process, for the time of the run
    std::chrono::seconds drain_max{300}; // for the backend to get the last one
    std::string database_url;            // receipts are computed again from the stored bytes; empty: over HTTP
    std::string receipt_certificate;     // PEM file of the hub's receipt key; empty: the receipt's own
    bool check_receipts = true;
    bool json = false;
};

// Prints the report to standard output. Returns 0 where all was as it should be, else 1.
int run_load(RunConfig config);

} // namespace loadtest
