#pragma once

// What one-time passwords need kept, in memory. It may stand in for PgOtp because it passes the same contract suite
// (tests/contract/otp_contract_test.cpp). Threads: any (one mutex). Errors: unavailable where `down` is set.

#include "gateway/store/otp.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace support {

class MemoryOtp final : public store::Otp {
public:
    template <class T>
    using Answer = runtime::Task<store::Result<T>>;
    using Milliseconds = std::chrono::milliseconds;

    Answer<store::OtpOpened> open(store::OtpOpening opening, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        store::OtpOpened opened;
        opened.wait = take_all(opening.limits, opening.made_at);
        if (opened.wait > Milliseconds{0}) co_return opened;
        auto const* const contact = in_force(opening.person_key, opening.channel, opening.channel.value_or(signing::OtpChannel::sms));
        opened.channel = contact ? contact->ask.channel : opening.channel.value_or(signing::OtpChannel::sms);
        if (contact) opened.address = contact->ask.address;
        for (auto& [id, other] : challenges_)
            if (other.opening.person_key == opening.person_key && other.opening.content_sha256 == opening.content_sha256 && !other.redeemed)
                other.replaced = true;
        Challenge kept{std::move(opening), opened.channel, {}, 0, false, false};
        kept.hash = contact ? kept.opening.code_hash : kept.opening.dud_hash;
        auto id = kept.opening.challenge_id;
        challenges_.emplace(std::move(id), std::move(kept));
        co_return opened;
    }

    Answer<store::OtpTried> attempt(store::OtpTry given, store::OtpJudge judge, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        store::OtpTried tried;
        auto const found = challenges_.find(given.challenge_id);
        if (found == challenges_.end() || found->second.opening.provider != given.provider) co_return tried;
        auto& challenge = found->second;
        if (challenge.redeemed) tried.state = store::OtpState::redeemed;
        else if (challenge.replaced) tried.state = store::OtpState::replaced;
        else if (challenge.opening.expires_at <= given.at) tried.state = store::OtpState::expired;
        else if (challenge.tries >= given.tries_max) tried.state = store::OtpState::exhausted;
        else tried.state = store::OtpState::open;
        if (tried.state != store::OtpState::open) co_return tried;
        tried.person_key = challenge.opening.person_key;
        auto limit = given.limit;
        limit.subject += tried.person_key;
        auto const limits_before = limits_;
        tried.wait = take_all({limit}, given.at);
        if (tried.wait > Milliseconds{0}) co_return tried;
        tried.content_sha256 = challenge.opening.content_sha256;
        tried.channel = challenge.channel;
        tried.code_hash = challenge.hash;
        tried.made_at = challenge.opening.made_at;
        tried.expires_at = challenge.opening.expires_at;
        tried.right = judge(tried);
        if (tried.right) limits_ = limits_before;
        else ++challenge.tries;
        co_return tried;
    }

    Answer<store::OtpContactAsked> ask_contact(store::OtpContactAsk ask, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        store::OtpContactAsked asked;
        asked.wait = take_all(ask.limits, ask.asked_at);
        if (asked.wait > Milliseconds{0}) co_return asked;
        Contact contact{ask, "", "asked", 0};
        if (auto const* const approver = in_force(ask.person_key, std::nullopt, ask.channel)) {
            contact.approver = approver->ask.contact_id;
            asked.approver = approver->ask.address;
            asked.approver_channel = approver->ask.channel;
        }
        contacts_.push_back(std::move(contact));
        co_return asked;
    }

    Answer<store::OtpContactTried> attempt_contact(store::OtpTry given, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        store::OtpContactTried tried;
        auto* const contact = find(given.challenge_id);
        if (!contact || contact->ask.provider != given.provider) co_return tried;
        if (contact->state != "asked") tried.state = store::OtpState::redeemed;
        else if (contact->ask.expires_at <= given.at) tried.state = store::OtpState::expired;
        else if (contact->tries >= given.tries_max) tried.state = store::OtpState::exhausted;
        else tried.state = store::OtpState::open;
        if (tried.state != store::OtpState::open) co_return tried;
        ++contact->tries;
        tried.person_key = contact->ask.person_key;
        tried.address_key = contact->ask.address_key;
        tried.channel = contact->ask.channel;
        tried.code_hash = contact->ask.code_hash;
        tried.approval_hash = contact->ask.approval_hash;
        tried.needs_approval = !contact->approver.empty();
        tried.asked_at = contact->ask.asked_at;
        tried.expires_at = contact->ask.expires_at;
        co_return tried;
    }

    Answer<bool> confirm_contact(std::string contact_id, runtime::Instant, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        auto* const contact = find(contact_id);
        if (!contact || contact->state != "asked") co_return store::Result<bool>{false};
        auto const* const now = in_force(contact->ask.person_key, std::nullopt, contact->ask.channel);
        if ((now ? now->ask.contact_id : std::string{}) != contact->approver) co_return store::Result<bool>{false};
        for (auto& other : contacts_)
            if (other.ask.person_key == contact->ask.person_key && other.ask.channel == contact->ask.channel && other.state == "active")
                other.state = "replaced";
        contact->state = "active";
        co_return store::Result<bool>{true};
    }

    Answer<std::uint64_t> retire_contacts(std::string person_key, runtime::Instant, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        std::uint64_t count = 0;
        for (auto& contact : contacts_) {
            if (contact.ask.person_key != person_key || (contact.state != "active" && contact.state != "asked")) continue;
            contact.state = "retired";
            ++count;
        }
        co_return count;
    }

    Answer<std::uint64_t> sweep(runtime::Instant before, std::uint32_t, runtime::Deadline) override
    {
        std::lock_guard const lock{mutex_};
        if (down) co_return unavailable();
        std::uint64_t count = std::erase_if(challenges_, [&](auto const& one) { return !one.second.redeemed && one.second.opening.expires_at < before; });
        count += std::erase_if(contacts_, [&](auto const& one) { return one.state == "asked" && one.ask.expires_at < before; });
        count += std::erase_if(limits_, [&](auto const& one) { return one.second < before; });
        co_return count;
    }

    // For MemoryJournal::redeem. True: it was there, of this provider, and unused.
    bool redeem(std::string const& challenge_id, std::string const& provider, std::string const&, runtime::Instant)
    {
        std::lock_guard const lock{mutex_};
        auto const found = challenges_.find(challenge_id);
        if (found == challenges_.end() || found->second.opening.provider != provider || found->second.redeemed) return false;
        return found->second.redeemed = true;
    }

    std::atomic<bool> down{false};

private:
    struct Challenge {
        store::OtpOpening opening;
        signing::OtpChannel channel;
        signing::Sha256 hash;
        std::uint32_t tries;
        bool replaced, redeemed;
    };
    struct Contact {
        store::OtpContactAsk ask;
        std::string approver, state;
        std::uint32_t tries;
    };

    static store::Failure unavailable() { return {store::Refusal::unavailable, "the test says so"}; }

    Contact const* in_force(std::string const& person, std::optional<signing::OtpChannel> only, signing::OtpChannel first) const
    {
        Contact const* best = nullptr;
        for (auto const& contact : contacts_) {
            if (contact.state != "active" || contact.ask.person_key != person || (only && contact.ask.channel != *only)) continue;
            if (!best || contact.ask.channel == first) best = &contact;
        }
        return best;
    }
    Contact* find(std::string const& id)
    {
        auto const found = std::find_if(contacts_.begin(), contacts_.end(), [&](auto const& one) { return one.ask.contact_id == id; });
        return found == contacts_.end() ? nullptr : &*found;
    }
    Milliseconds take_all(std::vector<store::OtpLimit> const& limits, runtime::Instant at)
    {
        Milliseconds wait{0};
        for (auto const& limit : limits) {
            auto const next = std::max(limits_[limit.subject], at) + limit.interval;
            auto const left = std::chrono::ceil<Milliseconds>(next - limit.burst * limit.interval - at);
            wait = std::max(wait, left);
        }
        if (wait > Milliseconds{0}) return wait;
        for (auto const& limit : limits) limits_[limit.subject] = std::max(limits_[limit.subject], at) + limit.interval;
        return Milliseconds{0};
    }

    std::mutex mutex_;  // guards all below
    std::map<std::string, Challenge> challenges_;
    std::vector<Contact> contacts_;
    std::map<std::string, runtime::Instant> limits_;
};

}  // namespace support
