#pragma once

// Every bound of the background work on revocation evidence, with its rows for the one file of configuration.

#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <tuple>

namespace revocation {

struct RevocationConfig {
    bool        enabled = true;      // false: evidence is what the trust directory holds, and nothing is fetched
    std::string state_directory;     // empty: "fetched" in the trust directory
    std::string hosts;               // "crl.example.vn, .ca.example.vn"; empty: any host a CA names
    std::chrono::seconds      refresh_interval{3600};
    std::chrono::seconds      refresh_before{600};
    std::chrono::milliseconds retry_first{5'000}, retry_max{300'000};
    std::chrono::milliseconds fetch_timeout{30'000};
    std::size_t fetches_max = 4;
    std::size_t crl_bytes_max = 32u << 20;
    std::size_t ocsp_bytes_max = 64u << 10;
    std::size_t evidence_bytes_max = 256u << 20;
    std::size_t sources_max = 256;
    std::size_t wanted_max = 10'000;
    std::size_t responses_max = 10'000;
    std::chrono::seconds      wanted_life{3600};
    std::chrono::milliseconds publish_pause{250};
    std::chrono::milliseconds wait_max{2'000};
    std::size_t waiting_max = 256;
    std::chrono::seconds      alarm_after{900};
    std::chrono::milliseconds recheck_interval{60'000};
    std::chrono::seconds      recheck_lease{1};
    std::size_t recheck_rows_max = 64;
};

inline constexpr std::tuple revocation_fields{
    runtime::FlagField{"revocation.enabled", &RevocationConfig::enabled, "CRLs and OCSP responses are fetched in the background. false: only what the trust directory holds."},
    runtime::TextField{"revocation.state_directory", &RevocationConfig::state_directory, "Where fetched evidence is kept, so that a restart in bad weather begins with the last; empty: the folder fetched in signing.trust_directory."},
    runtime::TextField{"revocation.hosts", &RevocationConfig::hosts, "Hosts that may be asked, separated by commas; .example.vn stands for all below it. Empty: any host that a certificate under our anchors names."},
    runtime::Field{"revocation.refresh_interval", &RevocationConfig::refresh_interval, std::chrono::seconds{1}, std::chrono::seconds{86'400}, "How often each CRL is fetched, however long it is still valid: a revocation counts at most this much after it is published."},
    runtime::Field{"revocation.refresh_before", &RevocationConfig::refresh_before, std::chrono::seconds{0}, std::chrono::seconds{86'400}, "A CRL is fetched at the latest this much before its nextUpdate."},
    runtime::Field{"revocation.retry_first", &RevocationConfig::retry_first, std::chrono::milliseconds{100}, std::chrono::milliseconds{600'000}, "Wait after a first failed fetch; doubled after each further one, with jitter."},
    runtime::Field{"revocation.retry_max", &RevocationConfig::retry_max, std::chrono::milliseconds{100}, std::chrono::milliseconds{86'400'000}, "Longest wait between two tries of a source that fails."},
    runtime::Field{"revocation.fetch_timeout", &RevocationConfig::fetch_timeout, std::chrono::milliseconds{100}, std::chrono::milliseconds{600'000}, "Longest time of one fetch."},
    runtime::Field{"revocation.fetches_max", &RevocationConfig::fetches_max, 1u, 64u, "Fetches at once."},
    runtime::Field{"revocation.crl_bytes_max", &RevocationConfig::crl_bytes_max, 1u << 10, 256u << 20, "Largest CRL that is taken."},
    runtime::Field{"revocation.ocsp_bytes_max", &RevocationConfig::ocsp_bytes_max, 1u << 10, 16u << 20, "Largest OCSP response that is taken."},
    runtime::Field{"revocation.evidence_bytes_max", &RevocationConfig::evidence_bytes_max, 1u << 20, 8ull << 30, "All fetched evidence together; beyond, new evidence is not taken and an alarm says so."},
    runtime::Field{"revocation.sources_max", &RevocationConfig::sources_max, 1u, 10'000u, "CRL addresses known at once; beyond, those no anchor or intermediate names go first."},
    runtime::Field{"revocation.wanted_max", &RevocationConfig::wanted_max, 1u, 1'000'000u, "Certificates whose evidence is being looked for; beyond, the oldest are forgotten until they are used again."},
    runtime::Field{"revocation.responses_max", &RevocationConfig::responses_max, 1u, 1'000'000u, "OCSP responses kept; beyond, those that end first go."},
    runtime::Field{"revocation.wanted_life", &RevocationConfig::wanted_life, std::chrono::seconds{10}, std::chrono::seconds{604'800}, "How long evidence is looked for after a certificate was last used."},
    runtime::Field{"revocation.publish_pause", &RevocationConfig::publish_pause, std::chrono::milliseconds{0}, std::chrono::milliseconds{60'000}, "Shortest time between two swaps of the evidence: what arrives meanwhile is taken together."},
    runtime::Field{"revocation.wait_max", &RevocationConfig::wait_max, std::chrono::milliseconds{0}, std::chrono::milliseconds{30'000}, "Longest wait of a dossier for evidence that is being fetched, once, before it is refused with GW-2016."},
    runtime::Field{"revocation.waiting_max", &RevocationConfig::waiting_max, 0u, 100'000u, "Dossiers that wait so at once; beyond, they are refused without waiting."},
    runtime::Field{"revocation.alarm_after", &RevocationConfig::alarm_after, std::chrono::seconds{1}, std::chrono::seconds{604'800}, "A source that fails for longer raises revocation_stale even while its evidence still holds."},
    runtime::Field{"revocation.recheck_interval", &RevocationConfig::recheck_interval, std::chrono::milliseconds{100}, std::chrono::milliseconds{86'400'000}, "How often dossiers accepted under grace are looked at again, beside every time new evidence comes."},
    runtime::Field{"revocation.recheck_lease", &RevocationConfig::recheck_lease, std::chrono::seconds{1}, std::chrono::seconds{3'600}, "How long other gateways leave alone the dossiers that one took for a look, which takes milliseconds; looking twice does no harm."},
    runtime::Field{"revocation.recheck_rows_max", &RevocationConfig::recheck_rows_max, 1u, 10'000u, "Dossiers taken at once for it."},
};

}  // namespace revocation
