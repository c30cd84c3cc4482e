#pragma once

// What one-time passwords need kept: contacts with their history, challenges, limits that all gateways share.
// Redeeming a challenge is the journal's part: it happens in the dossier's own transaction, and only there.
//
// Implementations: PgOtp (postgres.hpp) and the in-memory one of tests/support, which passes the same contract suite
// (tests/contract/otp_contract_test.cpp). Persons and addresses come as keyed hashes (signing::OtpKey::blind): equal ones
// are the same one, and this store cannot tell more.
// Threads: call from any io_context; the answer comes back on the caller's executor.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"
#include "signing/otp.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace store {

// `burst` uses at once, and one more each interval.
struct OtpLimit {
    std::string subject;
    std::chrono::milliseconds interval{};
    std::uint32_t burst = 1;
};

struct OtpOpening {
    std::string challenge_id, person_key, content_sha256, provider;
    std::optional<signing::OtpChannel> channel;  // nothing: sms where there is one, else email
    runtime::Instant made_at{}, expires_at{};
    signing::Sha256 code_hash{};   // kept where the person has such a contact
    signing::Sha256 dud_hash{};    // kept where not: no code has this hash
    std::vector<OtpLimit> limits;  // every one is taken, or none
};

struct OtpOpened {
    std::chrono::milliseconds wait{0};  // not zero: a limit said no, and nothing was kept
    std::string address;                // sealed; empty: nobody to send to, which the asker is not told
    signing::OtpChannel channel = signing::OtpChannel::sms;
};

struct OtpTry {
    std::string challenge_id, provider;
    runtime::Instant at{};
    std::uint32_t tries_max = 5;
    OtpLimit limit;  // its subject is completed with the challenge's person: wrong codes of one person over all challenges
};

enum class OtpState { open, unknown, replaced, redeemed, exhausted, expired };

// What a try is compared with, and what came of it.
struct OtpTried {
    OtpState state = OtpState::unknown;  // the rest is filled where it is open
    std::chrono::milliseconds wait{0};   // not zero: the person's limit said no
    std::string person_key, content_sha256;
    signing::OtpChannel channel = signing::OtpChannel::sms;
    signing::Sha256 code_hash{};
    runtime::Instant made_at{}, expires_at{};
    bool right = false;
};

// Whether the code that was given is right. Called on a thread of the store's while the challenge is locked, perhaps more than
// once; not where the state is not open or the limit says no.
using OtpJudge = std::function<bool(OtpTried const&)>;

struct OtpContactAsk {
    std::string contact_id, person_key, address_key, address, provider;  // address: sealed
    signing::OtpChannel channel = signing::OtpChannel::sms;
    runtime::Instant asked_at{}, expires_at{};
    signing::Sha256 code_hash{}, approval_hash{};
    std::vector<OtpLimit> limits;
};

struct OtpContactAsked {
    std::chrono::milliseconds wait{0};
    std::string approver;  // sealed address of the contact in force, which must approve; empty: there is none
    signing::OtpChannel approver_channel = signing::OtpChannel::sms;
};

struct OtpContactTried {
    OtpState state = OtpState::unknown;
    std::string person_key, address_key;
    signing::OtpChannel channel = signing::OtpChannel::sms;
    signing::Sha256 code_hash{}, approval_hash{};
    bool needs_approval = false;
    runtime::Instant asked_at{}, expires_at{};
};

class Otp {
public:
    virtual ~Otp() = default;
    // Takes the limits, ends what is open for the same person and content, keeps the new challenge: all or nothing.
    virtual runtime::Task<Result<OtpOpened>> open(OtpOpening opening, runtime::Deadline deadline) = 0;
    // One try of a challenge after the other, whichever gateway it reaches: a wrong one is counted before anybody hears of it, so
    // there cannot be more than tries_max. A right one counts as none: however many come at once, nobody is told of wrong ones.
    virtual runtime::Task<Result<OtpTried>> attempt(OtpTry given, OtpJudge judge, runtime::Deadline deadline) = 0;

    virtual runtime::Task<Result<OtpContactAsked>> ask_contact(OtpContactAsk ask, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<OtpContactTried>> attempt_contact(OtpTry given, runtime::Deadline deadline) = 0;
    // Puts the contact in force and the former one of its channel out of it. False: another contact of the person came into
    // force meanwhile, or this one is not waiting any more; nothing changed.
    virtual runtime::Task<Result<bool>> confirm_contact(std::string contact_id, runtime::Instant at, runtime::Deadline deadline) = 0;
    // Ends every contact of the person, by an operator's hand. How many.
    virtual runtime::Task<Result<std::uint64_t>> retire_contacts(std::string person_key, runtime::Instant at, runtime::Deadline deadline) = 0;

    // Forgets what ended unused before this, at most so many of each kind. How many rows.
    virtual runtime::Task<Result<std::uint64_t>> sweep(runtime::Instant before, std::uint32_t rows_max, runtime::Deadline deadline) = 0;
};

}  // namespace store
