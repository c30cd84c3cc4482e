// From asking to proof, over a store in memory: what is right is proved, what is wrong says the same to everybody.

#include "gateway/otp/desk.hpp"
#include "tests/support/memory_otp.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/sent.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using otp::Refusal;

runtime::Instant const noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;
std::string const person = "001090000001", stranger = "001090000002";
std::string const content(64, 'c');

class StandingClock final : public runtime::Clock {
public:
    [[nodiscard]] runtime::Instant now() const override { return noon; }
};

otp::OutboxConfig one_worker()
{
    otp::OutboxConfig made;
    made.workers = 1;  // messages in the order of their asking
    return made;
}

class Desk : public testing::Test {
protected:
    template <class T>
    T run(runtime::Task<T> task)
    {
        net::io_context context{1};
        std::optional<T> value;
        auto keep = [](runtime::Task<T> inner, std::optional<T>& into) -> runtime::Task<bool> {
            into.emplace(co_await std::move(inner));
            co_return true;
        };
        static_cast<void>(support::run_task(context, keep(std::move(task), value)));
        return std::move(*value);
    }
    static runtime::Deadline soon() { return runtime::Deadline::after(20s); }

    otp::Result<otp::Issued> challenge(std::string who, runtime::Instant at = noon, std::string what = content)
    {
        otp::Asking asking{"THAISON", std::move(who), std::move(what), std::nullopt, {}};
        return run(desk.challenge(std::move(asking), at, soon()));
    }
    otp::Result<otp::Issued> contact(std::string who, std::string address, signing::OtpChannel channel = signing::OtpChannel::sms, runtime::Instant at = noon)
    {
        otp::Asking asking{"THAISON", std::move(who), {}, channel, std::move(address)};
        return run(desk.contact(std::move(asking), at, soon()));
    }
    otp::Result<void> confirm(std::string id, std::string code, std::string approval = {}, runtime::Instant at = noon)
    {
        otp::Password password{std::move(id), std::move(code)};
        return run(desk.confirm("THAISON", std::move(password), std::move(approval), at, soon()));
    }
    otp::Result<signing::OtpProof> prove(std::string id, std::string code, std::string who = person, std::string what = content,
                                         runtime::Instant at = noon + 1min, std::string provider = "THAISON")
    {
        otp::Password password{std::move(id), std::move(code)};
        return run(desk.prove(std::move(provider), std::move(password), std::move(who), std::move(what), at, soon()));
    }
    void register_person()
    {
        auto const asked = contact(person, "0901234567");
        ASSERT_TRUE(asked);
        ASSERT_TRUE(confirm(asked->id, log.code(1)));
    }
    static std::string other_than(std::string code)
    {
        code[0] = code[0] == '9' ? '0' : static_cast<char>(code[0] + 1);
        return code;
    }

    signing::OtpKey key{std::string(32, 'k')};
    StandingClock clock;
    support::SenderLog log;
    support::MemoryOtp store;
    otp::Outbox outbox{one_worker(), key, clock, log.sender(), log.sender()};
    otp::Desk desk{otp::DeskConfig{}, key, store, outbox};
};

TEST_F(Desk, ARegisteredPersonGetsACodeThatProvesThemForThatContent)
{
    register_person();
    auto const issued = challenge(person);
    ASSERT_TRUE(issued);
    EXPECT_EQ(issued->expires_at, noon + 4min);
    EXPECT_EQ(issued->digits, 6u);
    auto const code = log.code(2);
    EXPECT_EQ(log.messages()[1].to, "+84901234567");
    EXPECT_EQ(log.messages()[1].expires_at, noon + 4min);
    auto const proof = prove(issued->id, code);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->person(), person);
    EXPECT_EQ(proof->content_sha256(), content);
}

TEST_F(Desk, ACodeProvesNothingForAnotherPersonContentProviderOrTime)
{
    register_person();
    auto const issued = challenge(person);
    auto const code = log.code(2);
    EXPECT_EQ(prove(issued->id, code, stranger).error().why, Refusal::wrong);
    EXPECT_EQ(prove(issued->id, code, person, std::string(64, 'd')).error().why, Refusal::wrong);
    EXPECT_EQ(prove(issued->id, code, person, content, noon + 1min, "VNPT").error().why, Refusal::wrong);
    EXPECT_EQ(prove(issued->id, code, person, content, noon + 4min).error().why, Refusal::expired);
    EXPECT_EQ(prove(issued->id, other_than(code)).error().why, Refusal::wrong);
    EXPECT_TRUE(prove(issued->id, code));
}

TEST_F(Desk, AnUnknownPersonIsAnsweredAsAKnownOneAndNoCodeIsEverRight)
{
    register_person();
    auto const known = challenge(person), unknown = challenge(stranger);
    ASSERT_TRUE(known && unknown);
    EXPECT_EQ(known->id.size(), unknown->id.size());
    EXPECT_EQ(known->expires_at, unknown->expires_at);
    EXPECT_EQ(known->resend_after, unknown->resend_after);
    EXPECT_EQ(known->digits, unknown->digits);
    // The same words for each wrong try, and the same end.
    auto const wrong = other_than(log.code(2));
    for (int i = 0; i < 6; ++i) {
        auto const at = noon + 1min;
        auto const one = prove(known->id, wrong, person, content, at), other = prove(unknown->id, wrong, stranger, content, at);
        ASSERT_FALSE(one || other);
        EXPECT_EQ(one.error().why, other.error().why) << i;
        EXPECT_EQ(one.error().why, i < 5 ? Refusal::wrong : Refusal::exhausted);
    }
    // The same limits.
    EXPECT_EQ(challenge(person).error().wait, challenge(stranger).error().wait);
    EXPECT_EQ(challenge(stranger).error().why, Refusal::too_soon);
    EXPECT_EQ(log.messages().size(), 2u);  // the contact's and the known person's
}

TEST_F(Desk, ARightCodeIsNotUsedUpByProvingAlone)
{
    register_person();
    auto const issued = challenge(person);
    auto const code = log.code(2);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(prove(issued->id, code)) << i;
    ASSERT_TRUE(store.redeem(issued->id, "THAISON", "key", noon));
    EXPECT_EQ(prove(issued->id, code).error().why, Refusal::used);
}

TEST_F(Desk, ANewCodeForTheSameContentWaitsAndEndsTheOld)
{
    register_person();
    auto const first = challenge(person);
    auto const soon_after = challenge(person, noon + 20s);
    ASSERT_FALSE(soon_after);
    EXPECT_EQ(soon_after.error().why, Refusal::too_soon);
    EXPECT_EQ(soon_after.error().wait, 40s);
    auto const second = challenge(person, noon + 60s);
    ASSERT_TRUE(second);
    EXPECT_EQ(prove(first->id, log.code(2)).error().why, Refusal::expired);
    EXPECT_TRUE(prove(second->id, log.code(3)));
}

TEST_F(Desk, OnePersonIsAskedOnlySoOften)
{
    register_person();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(challenge(person, noon, std::string(64, static_cast<char>('0' + i)))) << i;
    auto const over = challenge(person, noon, std::string(64, '9'));
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().wait, 600s);
    EXPECT_TRUE(challenge(person, noon + 600s, std::string(64, '9')));
}

TEST_F(Desk, AChangeOfPhoneNeedsTheCodeOfTheOldPhoneToo)
{
    register_person();
    auto const asked = contact(person, "0357654321", signing::OtpChannel::sms);
    ASSERT_TRUE(asked);
    auto const fresh = log.code(2), approval = log.code(3);
    EXPECT_EQ(log.messages()[1].to, "+84357654321");
    EXPECT_EQ(log.messages()[2].to, "+84901234567");
    EXPECT_EQ(confirm(asked->id, fresh).error().why, Refusal::wrong);
    EXPECT_EQ(confirm(asked->id, fresh, other_than(approval)).error().why, Refusal::wrong);
    EXPECT_EQ(confirm(asked->id, approval, fresh).error().why, Refusal::wrong);
    EXPECT_TRUE(confirm(asked->id, fresh, approval));
    ASSERT_TRUE(challenge(person));
    EXPECT_FALSE(log.code(4).empty());
    EXPECT_EQ(log.messages()[3].to, "+84357654321");
    EXPECT_EQ(confirm(asked->id, fresh, approval).error().why, Refusal::used);
}

TEST_F(Desk, AMailboxBesideThePhoneIsApprovedByThePhone)
{
    register_person();
    auto const asked = contact(person, "an@example.vn", signing::OtpChannel::email);
    ASSERT_TRUE(asked);
    auto const fresh = log.code(2), approval = log.code(3);
    EXPECT_EQ(log.messages()[2].to, "+84901234567");
    EXPECT_EQ(confirm(asked->id, fresh).error().why, Refusal::wrong);
    EXPECT_TRUE(confirm(asked->id, fresh, approval));
}

TEST_F(Desk, AContactsCodeEndsWithItsTimeAndItsTries)
{
    auto const asked = contact(person, "0901234567");
    auto const code = log.code(1);
    EXPECT_EQ(confirm(asked->id, code, {}, noon + 10min).error().why, Refusal::expired);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(confirm(asked->id, other_than(code)).error().why, Refusal::wrong) << i;
    EXPECT_EQ(confirm(asked->id, code).error().why, Refusal::exhausted);
    EXPECT_EQ(confirm(std::string(32, 'f'), code).error().why, Refusal::wrong);
}

TEST_F(Desk, OnePhoneIsNotFloodedThroughManyPersons)
{
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(contact("00109000001" + std::to_string(i), "0901234567")) << i;
    EXPECT_EQ(contact("001090000019", "0901234567").error().why, Refusal::too_soon);
    EXPECT_TRUE(contact("001090000019", "0901234568"));
}

TEST_F(Desk, AStoreThatIsAwayIsSaidAsWhatItIs)
{
    store.down = true;
    auto const refused = challenge(person);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Refusal::store);
    EXPECT_EQ(refused.error().store.why, store::Refusal::unavailable);
    EXPECT_EQ(outbox.counts().waiting, 0u);
    store.down = false;
    EXPECT_TRUE(challenge(person));
}

}  // namespace
