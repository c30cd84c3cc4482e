// What every store of one-time passwords must do (store/otp.hpp). Each test runs over PgOtp on a real PostgreSQL, by two
// Postgres objects as two gateways have them, and over the in-memory one, which may stand in because it passes here.

#include "gateway/store/postgres.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/memory_otp.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/run_task.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;
using signing::OtpChannel;
using store::OtpState;

runtime::Instant const noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;
std::string const content(64, 'c');
store::OtpJudge const wrong = [](store::OtpTried const&) { return false; };
store::OtpJudge const right = [](store::OtpTried const&) { return true; };

runtime::Deadline soon() { return runtime::Deadline::after(20s); }
std::string id(int number) { return fmt::format("{:032x}", number); }
std::string person(int number) { return fmt::format("{:064x}", number); }
signing::Sha256 digest(std::uint8_t fill)
{
    signing::Sha256 made{};
    made.fill(fill);
    return made;
}

// The store under test as two gateways see it.
class Subject {
public:
    virtual ~Subject() = default;
    virtual store::Otp& one() = 0;
    virtual store::Otp& other() = 0;
};

class MemorySubject final : public Subject {
public:
    store::Otp& one() override { return otp_; }
    store::Otp& other() override { return otp_; }

private:
    support::MemoryOtp otp_;
};

class PostgresSubject final : public Subject {
public:
    PostgresSubject() { support::Database::shared().reset(); }
    store::Otp& one() override { return first_.otp(); }
    store::Otp& other() override { return second_.otp(); }

private:
    static store::StoreConfig config()
    {
        store::StoreConfig made;
        made.database_url = support::Database::shared().url();
        return made;
    }
    observe::Metrics metrics_;
    store::Postgres first_{config(), support::plain_receipt, metrics_}, second_{config(), support::plain_receipt, metrics_};
};

enum class Kind { memory, postgres };

class OtpContract : public testing::TestWithParam<Kind> {
protected:
    OtpContract()
    {
        if (GetParam() == Kind::memory) subject_ = std::make_unique<MemorySubject>();
        else subject_ = std::make_unique<PostgresSubject>();
    }
    store::Otp& one() { return subject_->one(); }
    store::Otp& other() { return subject_->other(); }

    // One for each call, and never gone before the stores are: an answer's thread may hold it a moment longer than the task.
    static net::io_context& context()
    {
        static std::mutex mutex;
        static std::deque<net::io_context> all;
        std::lock_guard const lock{mutex};
        return all.emplace_back(1);
    }
    template <class T>
    static T run(runtime::Task<store::Result<T>> task)
    {
        auto result = support::run_task(context(), std::move(task));
        if (!result) throw std::runtime_error(result.error().detail);
        return *result;
    }

    store::OtpOpening opening(int number, int who = 1)
    {
        store::OtpOpening made;
        made.challenge_id = id(number);
        made.person_key = person(who);
        made.content_sha256 = content;
        made.provider = "THAISON";
        made.made_at = noon;
        made.expires_at = noon + 4min;
        made.code_hash = digest(1);
        made.dud_hash = digest(2);
        return made;
    }
    store::OtpTry given(int number, runtime::Instant at = noon + 1min)
    {
        return {id(number), "THAISON", at, 5, {"tries/", 15min, 100}};
    }
    store::OtpContactAsk asking(int number, int who = 1, OtpChannel channel = OtpChannel::sms)
    {
        store::OtpContactAsk made;
        made.contact_id = id(number);
        made.person_key = person(who);
        made.address_key = person(1000 + number);
        made.address = "sealed " + std::to_string(number);
        made.provider = "THAISON";
        made.channel = channel;
        made.asked_at = noon;
        made.expires_at = noon + 10min;
        made.code_hash = digest(3);
        made.approval_hash = digest(4);
        return made;
    }
    void registered(int number, int who = 1, OtpChannel channel = OtpChannel::sms)
    {
        static_cast<void>(run(one().ask_contact(asking(number, who, channel), soon())));
        ASSERT_TRUE(run(one().confirm_contact(id(number), noon, soon())));
    }

private:
    std::unique_ptr<Subject> subject_;
};

TEST_P(OtpContract, AChallengeOfARegisteredPersonKeepsItsHashAndNamesWhereToSend)
{
    registered(1);
    auto const opened = run(one().open(opening(10), soon()));
    EXPECT_EQ(opened.wait, 0ms);
    EXPECT_EQ(opened.address, "sealed 1");
    auto const tried = run(other().attempt(given(10), wrong, soon()));
    EXPECT_EQ(tried.state, OtpState::open);
    EXPECT_EQ(tried.person_key, person(1));
    EXPECT_EQ(tried.content_sha256, content);
    EXPECT_EQ(tried.code_hash, digest(1));
    EXPECT_EQ(tried.made_at, noon);
    EXPECT_EQ(tried.expires_at, noon + 4min);
}

TEST_P(OtpContract, AChallengeOfAnUnknownPersonIsKeptToo_WithAHashThatNoCodeHas)
{
    auto const opened = run(one().open(opening(10), soon()));
    EXPECT_EQ(opened.wait, 0ms);
    EXPECT_EQ(opened.address, "");
    auto const tried = run(one().attempt(given(10), wrong, soon()));
    EXPECT_EQ(tried.state, OtpState::open);
    EXPECT_EQ(tried.code_hash, digest(2));
}

TEST_P(OtpContract, TheChannelAskedForIsTheOneUsed_AndSmsComesFirst)
{
    registered(1, 1, OtpChannel::email);
    static_cast<void>(run(one().ask_contact(asking(2, 1, OtpChannel::sms), soon())));
    ASSERT_TRUE(run(one().confirm_contact(id(2), noon, soon())));
    EXPECT_EQ(run(one().open(opening(10), soon())).address, "sealed 2");
    auto by_mail = opening(11);
    by_mail.channel = OtpChannel::email;
    EXPECT_EQ(run(one().open(by_mail, soon())).address, "sealed 1");
    registered(3, 2, OtpChannel::email);
    auto by_phone = opening(12, 2);
    by_phone.channel = OtpChannel::sms;
    EXPECT_EQ(run(one().open(by_phone, soon())).address, "");
}

TEST_P(OtpContract, ANewerChallengeForTheSameContentEndsTheOlder)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    static_cast<void>(run(other().open(opening(11), soon())));
    EXPECT_EQ(run(one().attempt(given(10), wrong, soon())).state, OtpState::replaced);
    EXPECT_EQ(run(one().attempt(given(11), wrong, soon())).state, OtpState::open);
    auto elsewhere = opening(12);
    elsewhere.content_sha256 = std::string(64, 'd');
    static_cast<void>(run(one().open(elsewhere, soon())));
    EXPECT_EQ(run(one().attempt(given(11), wrong, soon())).state, OtpState::open);
}

TEST_P(OtpContract, OnlyTheProviderThatAskedMayTry)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    auto stranger = given(10);
    stranger.provider = "VNPT";
    EXPECT_EQ(run(one().attempt(stranger, wrong, soon())).state, OtpState::unknown);
    EXPECT_EQ(run(one().attempt(given(99), wrong, soon())).state, OtpState::unknown);
}

TEST_P(OtpContract, WrongTriesAreCountedAndRightOnesAreNot)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(run(one().attempt(given(10), wrong, soon())).state, OtpState::open);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(run(one().attempt(given(10), right, soon())).right);
    auto const last = run(one().attempt(given(10), wrong, soon()));
    EXPECT_EQ(last.state, OtpState::open);
    EXPECT_FALSE(last.right);
    auto const late = run(one().attempt(given(10), right, soon()));
    EXPECT_EQ(late.state, OtpState::exhausted);
    EXPECT_FALSE(late.right) << "nothing is compared any more";
}

// However many there are at once, and more than there may be wrong ones: nobody is told that tries were wrong.
TEST_P(OtpContract, ParallelRightTriesAreAllRight)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    std::atomic<int> proved{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back([&, i] {
            auto& gateway = i % 2 ? one() : other();
            if (run(gateway.attempt(given(10), right, soon())).right) ++proved;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(proved, 16);
}

TEST_P(OtpContract, ParallelTriesCannotBeMoreThanThereAre)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    std::atomic<int> open{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back([&, i] {
            auto& gateway = i % 2 ? one() : other();
            if (run(gateway.attempt(given(10), wrong, soon())).state == OtpState::open) ++open;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(open, 5);
}

TEST_P(OtpContract, AChallengeEndsWithItsTime)
{
    registered(1);
    static_cast<void>(run(one().open(opening(10), soon())));
    EXPECT_EQ(run(one().attempt(given(10, noon + 4min - 1ms), wrong, soon())).state, OtpState::open);
    EXPECT_EQ(run(one().attempt(given(10, noon + 4min), wrong, soon())).state, OtpState::expired);
}

TEST_P(OtpContract, LimitsAreSharedByAllGatewaysAndComeBackWithTime)
{
    auto limited = [&](int number, runtime::Instant at) {
        auto made = opening(number, number);
        made.made_at = at;
        made.expires_at = at + 4min;
        made.limits = {{"provider/THAISON", 10s, 3}};
        return made;
    };
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run((i % 2 ? one() : other()).open(limited(20 + i, noon), soon())).wait, 0ms) << i;
    EXPECT_EQ(run(one().open(limited(23, noon), soon())).wait, 10s);
    EXPECT_EQ(run(other().open(limited(23, noon + 4s), soon())).wait, 6s);
    EXPECT_EQ(run(other().open(limited(23, noon + 10s), soon())).wait, 0ms);
    EXPECT_EQ(run(one().open(limited(24, noon + 10s), soon())).wait, 10s);
    EXPECT_EQ(run(one().open(limited(24, noon + 1h), soon())).wait, 0ms);
    EXPECT_EQ(run(one().open(limited(25, noon + 1h), soon())).wait, 0ms);
    EXPECT_EQ(run(one().open(limited(26, noon + 1h), soon())).wait, 0ms);
    EXPECT_EQ(run(one().open(limited(27, noon + 1h), soon())).wait, 10s);
}

TEST_P(OtpContract, WhereOneLimitSaysNoNoneIsTakenAndNothingIsKept)
{
    registered(1);
    auto both = [&](int number, std::string second) {
        auto made = opening(number);
        made.limits = {{"a", 10s, 2}, {std::move(second), 10s, 1}};
        return made;
    };
    EXPECT_EQ(run(one().open(both(10, "b"), soon())).wait, 0ms);
    EXPECT_EQ(run(one().open(both(11, "b"), soon())).wait, 10s);
    EXPECT_EQ(run(one().attempt(given(11), wrong, soon())).state, OtpState::unknown);
    EXPECT_EQ(run(one().attempt(given(10), wrong, soon())).state, OtpState::open);
    EXPECT_EQ(run(one().open(both(12, "c"), soon())).wait, 0ms);
}

TEST_P(OtpContract, ParallelChallengesCannotBeMoreThanTheLimit)
{
    std::atomic<int> opened{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 12; ++i)
        threads.emplace_back([&, i] {
            auto made = opening(100 + i, 50);
            made.limits = {{"person/50", 600s, 4}};
            auto& gateway = i % 2 ? one() : other();
            if (run(gateway.open(made, soon())).wait == 0ms) ++opened;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(opened, 4);
}

TEST_P(OtpContract, WrongCodesOfOnePersonAreLimitedOverAllChallenges)
{
    registered(1);
    for (int i = 0; i < 3; ++i) {
        auto made = opening(10 + i);
        made.content_sha256 = std::string(64, static_cast<char>('0' + i));
        static_cast<void>(run(one().open(made, soon())));
    }
    auto strict = [&](int number) {
        auto made = given(number);
        made.limit.burst = 2;
        return made;
    };
    EXPECT_EQ(run(one().attempt(strict(10), wrong, soon())).wait, 0ms);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(run(other().attempt(strict(11), right, soon())).right) << "a right one leaves the limit as it was";
    EXPECT_EQ(run(other().attempt(strict(11), wrong, soon())).wait, 0ms);
    EXPECT_EQ(run(one().attempt(strict(12), wrong, soon())).wait, 15min);
    EXPECT_FALSE(run(one().attempt(strict(12), right, soon())).right) << "nothing is compared then";
}

TEST_P(OtpContract, AFirstContactNeedsNoApproval_ASecondNeedsTheOneInForce)
{
    auto const first = run(one().ask_contact(asking(1), soon()));
    EXPECT_EQ(first.approver, "");
    auto tried = run(other().attempt_contact(given(1), soon()));
    EXPECT_EQ(tried.state, OtpState::open);
    EXPECT_FALSE(tried.needs_approval);
    EXPECT_EQ(tried.code_hash, digest(3));
    EXPECT_EQ(tried.address_key, person(1001));
    ASSERT_TRUE(run(one().confirm_contact(id(1), noon, soon())));

    // A mailbox beside the phone is approved by the phone: else a second channel would be a way around the first.
    auto const second = run(one().ask_contact(asking(2, 1, OtpChannel::email), soon()));
    EXPECT_EQ(second.approver, "sealed 1");
    tried = run(one().attempt_contact(given(2), soon()));
    EXPECT_TRUE(tried.needs_approval);
    EXPECT_EQ(tried.approval_hash, digest(4));
    ASSERT_TRUE(run(one().confirm_contact(id(2), noon, soon())));
    EXPECT_EQ(run(one().open(opening(10), soon())).address, "sealed 1");
}

TEST_P(OtpContract, ANewPhoneTakesThePlaceOfTheOld)
{
    registered(1);
    static_cast<void>(run(one().ask_contact(asking(2), soon())));
    EXPECT_EQ(run(one().open(opening(10), soon())).address, "sealed 1");
    ASSERT_TRUE(run(one().confirm_contact(id(2), noon, soon())));
    EXPECT_EQ(run(one().open(opening(11), soon())).address, "sealed 2");
    EXPECT_FALSE(run(one().confirm_contact(id(2), noon, soon())));
    EXPECT_EQ(run(one().attempt_contact(given(1), soon())).state, OtpState::redeemed);
}

TEST_P(OtpContract, OfTwoFirstContactsOnlyOneComesIntoForceWithoutApproval)
{
    static_cast<void>(run(one().ask_contact(asking(1), soon())));
    static_cast<void>(run(one().ask_contact(asking(2), soon())));
    std::atomic<int> confirmed{0};
    std::thread first{[&] { confirmed += run(one().confirm_contact(id(1), noon, soon())) ? 1 : 0; }};
    std::thread second{[&] { confirmed += run(other().confirm_contact(id(2), noon, soon())) ? 1 : 0; }};
    first.join();
    second.join();
    EXPECT_EQ(confirmed, 1);
}

TEST_P(OtpContract, RetiredContactsAreOutOfForceAndFreeThePerson)
{
    registered(1);
    static_cast<void>(run(one().ask_contact(asking(2), soon())));
    EXPECT_EQ(run(one().retire_contacts(person(1), noon, soon())), 2u);
    EXPECT_EQ(run(one().open(opening(10), soon())).address, "");
    EXPECT_FALSE(run(one().confirm_contact(id(2), noon, soon())));
    registered(3);
    EXPECT_EQ(run(one().open(opening(11), soon())).address, "sealed 3");
}

TEST_P(OtpContract, WhatEndedUnusedIsForgotten_AndContactsInForceAreNot)
{
    registered(1);
    static_cast<void>(run(one().ask_contact(asking(2), soon())));
    auto made = opening(10);
    made.limits = {{"a", 10s, 2}};
    static_cast<void>(run(one().open(made, soon())));
    EXPECT_EQ(run(one().sweep(noon, 100, soon())), 0u);
    EXPECT_EQ(run(one().sweep(noon + 24h, 100, soon())), 3u);
    EXPECT_EQ(run(one().attempt(given(10), wrong, soon())).state, OtpState::unknown);
    EXPECT_EQ(run(one().open(opening(11), soon())).address, "sealed 1");
}

INSTANTIATE_TEST_SUITE_P(All, OtpContract, testing::Values(Kind::memory, Kind::postgres), [](auto const& kind) {
    return kind.param == Kind::memory ? "memory" : "postgres";
});

}  // namespace
