#pragma once

// What to fetch next, and when: the CRL addresses our authorities name and the certificates in use name, and the
// certificates whose evidence is wanted. Pure: no network, time is a parameter, the jitter comes from a given seed.
//
// A CRL is fetched again after refresh_interval or refresh_before its nextUpdate, whichever comes first. What fails is
// tried again after retry_first, doubled up to retry_max, with a jitter of a fifth, so that many gateways do not come in step.
//
// Threads: one. Bounds: sources_max, wanted_max.

#include "gateway/revocation/config.hpp"
#include "gateway/runtime/clock.hpp"
#include "signing/revocation.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revocation {

using runtime::Instant;

enum class Kind { crl, delta, ocsp };
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

// One fetch. `key` names the piece of evidence it brings: "crl:http://…", "delta:http://…" or "ocsp:<hash>".
struct Job {
    std::string key;
    Kind kind{};
    std::string url;
    std::string certificate, issuer;  // DER, for ocsp
};

enum class Outcome {
    fetched,    // new bytes, verified and taken
    unchanged,  // the source has nothing newer
    failed,     // not reached, or not an answer
    refused,    // bytes that do not verify, or older than what we hold
};

class Schedule {
public:
    Schedule(RevocationConfig const& config, std::uint64_t seed);  // config outlives the schedule

    // What anchors and intermediates name now. Sources named before and no longer are forgotten as if a leaf had named them.
    void standing(std::vector<std::pair<Kind, std::string>> const& sources, Instant now);
    // A source whose evidence we hold from before: found on disk at start.
    void remember(Kind kind, std::string const& url, Instant fetched_at, Instant next_update, Instant now);
    // Somebody lacked this evidence. True: it will be fetched now, or is being fetched; waiting for it makes sense.
    bool want(signing::EvidenceWanted const& wanted, Instant now);

    // At most `room` fetches whose time has come. Each is under way until ended().
    [[nodiscard]] std::vector<Job> due(Instant now, std::size_t room);
    // `next_update`: of what is held of this source now; nothing: as it was.
    void ended(std::string_view key, Outcome outcome, std::string_view trouble, std::optional<Instant> next_update, Instant now);
    // `known` says of a key whether its evidence is there now. Forgets those, and those nobody used for wanted_life.
    template <class Known>
    void settle(Known known, Instant now)
    {
        std::erase_if(wants_, [&](auto const& entry) {
            Want const& want = entry.second;
            return known(entry.first) || (!want.under_way && now - want.told_at > config_.wanted_life);
        });
    }
    // Whether anything is under way for this certificate, or about to be. False: it waits for a later try, or is settled.
    [[nodiscard]] bool trying(std::string_view key, Instant now) const;

    [[nodiscard]] std::size_t wanted() const noexcept { return wants_.size(); }
    [[nodiscard]] std::size_t sources() const noexcept { return sources_.size(); }
    using Wanted = std::shared_ptr<signing::EvidenceWanted const>;  // shared with whoever looks whether it is known now
    [[nodiscard]] std::vector<std::pair<std::string, Wanted>> wants() const;  // with their keys

    // What a person must hear of, in words: evidence that has ended, sources that fail for longer than alarm_after,
    // certificates looked for in vain for longer than that. Empty: all is well.
    [[nodiscard]] std::vector<std::string> troubles(Instant now) const;

    [[nodiscard]] static std::string key_of(Kind kind, std::string_view url);
    [[nodiscard]] static std::string key_of(signing::EvidenceWanted const& wanted);  // "ocsp:<id>"
    [[nodiscard]] static std::string key_of_wanted(std::string_view id);

private:
    struct Source {
        Kind kind{};
        std::string url;
        bool standing = false;
        Instant told_at{};               // last time somebody needed it
        Instant due{};
        bool under_way = false;
        unsigned failures = 0;
        std::optional<Instant> failing_since, succeeded_at, next_update;
        std::string trouble;
    };
    struct Want {
        Wanted wanted;
        Instant first_at{}, told_at{};
        Instant due{};                    // of its OCSP fetch
        bool under_way = false;
        unsigned failures = 0;
        std::string trouble = {};
    };

    Source* add(Kind kind, std::string const& url, Instant now);
    void need(Kind kind, std::string const& url, Instant now);
    void make_room();
    [[nodiscard]] std::chrono::milliseconds backoff(unsigned failures);
    [[nodiscard]] Instant next_of(Source const& source, Instant now);

    RevocationConfig const& config_;
    std::mt19937_64 random_;
    std::map<std::string, Source, std::less<>> sources_;  // by key
    std::map<std::string, Want, std::less<>> wants_;      // by key
};

}  // namespace revocation
