#pragma once

// One-time passwords from asking to proof: challenges for one person and one content, contacts and their change, and the
// judgement of a try. QĐ 352/QĐ-BHXH art. 17, NĐ 166/2016 art. 3 cl. 4.
//
// No answer tells whether a person is registered: an unknown person is asked the same limits, gets the same answer after
// the same steps, and a challenge whose kept hash no code has. What is sent leaves through the outbox, later.
//
// A first contact is taken on the word of the provider that asks, who answers for it by its contract and stays recorded; any
// further contact of a person is approved by one in force. Our own choice: no source says how BHXH registers phones.
//
// Threads: any core; holds no state but its parts. Errors: Failure.

#include "gateway/otp/config.hpp"
#include "gateway/otp/failure.hpp"
#include "gateway/otp/outbox.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/otp.hpp"
#include "signing/otp.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace otp {

// How long two gateways' clocks may differ before a code seems to come from the future.
inline constexpr std::chrono::seconds clock_skew{5};

struct Asking {
    std::string provider, person;
    std::string content_sha256;                   // challenges: 64 lower-case hex digits
    std::optional<signing::OtpChannel> channel;   // contacts: must be given
    std::string address;                          // contacts: as people write it
};

struct Issued {
    std::string id;
    runtime::Instant expires_at{};
    std::chrono::seconds resend_after{};
    unsigned digits = 6;
};

struct Password {
    std::string challenge_id, code;
};

class Desk {
public:
    // All references outlive the desk.
    Desk(DeskConfig config, signing::OtpKey const& key, store::Otp& store, Outbox& outbox)
        : config_{std::move(config)}, key_{key}, store_{store}, outbox_{outbox} {}

    [[nodiscard]] runtime::Task<Result<Issued>> challenge(Asking asking, runtime::Instant at, runtime::Deadline deadline);
    [[nodiscard]] runtime::Task<Result<Issued>> contact(Asking asking, runtime::Instant at, runtime::Deadline deadline);
    // `approval` is the code that went to the contact in force; empty where none came.
    [[nodiscard]] runtime::Task<Result<void>> confirm(std::string provider, Password password, std::string approval, runtime::Instant at,
                                                      runtime::Deadline deadline);
    // One try; a wrong one is counted before it is answered. The challenge is not used up by this: the journal does that, with the dossier.
    [[nodiscard]] runtime::Task<Result<signing::OtpProof>> prove(std::string provider, Password password, std::string person,
                                                                 std::string content_sha256, runtime::Instant at,
                                                                 runtime::Deadline deadline);
    [[nodiscard]] runtime::Task<store::Result<std::uint64_t>> sweep(runtime::Instant now, runtime::Deadline deadline);

    [[nodiscard]] DeskConfig const& config() const noexcept { return config_; }

private:
    [[nodiscard]] std::string person_key(std::string const& person) const { return key_.blind("person", person); }
    [[nodiscard]] store::OtpTry try_of(std::string const& provider, std::string const& id, runtime::Instant at) const;

    DeskConfig const config_;
    signing::OtpKey const& key_;
    store::Otp& store_;
    Outbox& outbox_;
};

// The purpose that binds a sealed address to its person.
[[nodiscard]] std::string address_purpose(std::string const& person_key);

}  // namespace otp
