#pragma once

// A person who files with a one-time password: a desk over a store in memory, a sender that keeps what it is given, and
// unsigned dossiers in the person's name. Beside support::Submitting, whose journal redeems at the same store.

#include "gateway/otp/desk.hpp"
#include "loadtest/corpus.hpp"
#include "signing/digest.hpp"
#include "tests/support/memory_otp.hpp"
#include "tests/support/otp_proof.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/sent.hpp"
#include "tests/support/submitting.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace support {

inline constexpr char const* individual = "001090000001";

inline loadtest::CorpusConfig individual_config(loadtest::CorpusConfig made)
{
    made.unit_name = "Nguyễn Văn An (dữ liệu thử)";
    made.unit_code = "0126000001";
    made.tax_code = individual;
    return made;
}

class Personal {
public:
    explicit Personal(Submitting& hub) : hub_{hub}
    {
        hub.desk = &desk;
        hub.memory.redeem = [this](std::string const& id, std::string const& provider, std::string const& key, runtime::Instant at) {
            return store.redeem(id, provider, key, at);
        };
        auto const asked = issued(desk.contact({"THAISON", individual, {}, signing::OtpChannel::sms, "0901234567"}, now(), soon()));
        net::io_context context{1};
        auto confirmed = [this](std::string id, std::string code) -> runtime::Task<bool> {
            otp::Password password{std::move(id), std::move(code)};
            std::string no_approval;
            auto const done = co_await desk.confirm("THAISON", std::move(password), std::move(no_approval), now(), soon());
            co_return done.has_value();
        };
        if (!run_task(context, confirmed(asked.id, log.code(1)))) throw std::runtime_error("the person's phone is not registered");
    }

    [[nodiscard]] std::string dossier(std::string const& procedure = "607", std::string const& form = "TK1-TS")
    {
        return corpus_.unsigned_envelope(procedure, {corpus_.form(form, 1)});
    }
    // A code for these bytes, as the person reads it on the phone.
    [[nodiscard]] otp::Password password(std::string const& body)
    {
        auto const content = signing::hex(signing::sha256(body));
        auto const before = log.messages().size();
        auto const made = issued(desk.challenge({"THAISON", individual, content, std::nullopt, {}}, now(), soon()));
        return {made.id, log.code(before + 1)};
    }
    [[nodiscard]] intake::Request request(std::string body, std::string key, otp::Password const& with) const
    {
        auto made = hub_.request(std::move(body), std::move(key));
        made.headers.emplace_back("OTP-Challenge", with.challenge_id);
        made.headers.emplace_back("OTP-Code", with.code);
        return made;
    }
    intake::Reply send(std::string body, std::string key, otp::Password const& with)
    {
        return hub_.send(request(std::move(body), std::move(key), with));
    }

    signing::OtpKey otp_key{std::string(32, 'k')};
    struct StandingClock final : runtime::Clock {
        [[nodiscard]] runtime::Instant now() const override { return Office::shared().pki.now; }
    } clock;
    SenderLog log;
    MemoryOtp store;
    otp::Outbox outbox{[] {
                           otp::OutboxConfig made;
                           made.workers = 1;
                           return made;
                       }(),
                       otp_key, clock, log.sender(), log.sender()};
    otp::Desk desk{otp::DeskConfig{}, otp_key, store, outbox};

private:
    static runtime::Deadline soon() { return runtime::Deadline::after(std::chrono::seconds{20}); }
    [[nodiscard]] runtime::Instant now() const { return Office::shared().pki.now; }
    static otp::Issued issued(runtime::Task<otp::Result<otp::Issued>> task)
    {
        net::io_context context{1};
        auto made = run_task(context, std::move(task));
        if (!made) throw std::runtime_error(made.error().detail);
        return *made;
    }

    Submitting& hub_;
    loadtest::Corpus corpus_{individual_config(Office::shared().corpus_config(7))};
};

}  // namespace support
