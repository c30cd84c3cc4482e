// Promise 1: if step n fails, for every n, nothing is acknowledged that is not stored, and the same bytes sent again
// bring everything to its one end. Promise 4: no refusal is answered that is not recorded.

#include "tests/support/fail_at.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace {

using support::FailAt;
using support::FailingJournal;
using support::Submitting;

constexpr unsigned steps_max = 100;

bool acknowledged(intake::Reply const& reply) { return reply.status == 200 || reply.status == 201; }

// Calls `attempt` with the n-th step failing, for every n, until a whole run meets no failure.
unsigned walk(std::function<void(unsigned, FailAt&)> const& attempt)
{
    for (unsigned n = 0; n < steps_max; ++n) {
        FailAt fail{n};
        attempt(n, fail);
        if (!fail.fired()) return n;
    }
    ADD_FAILURE() << "the walk did not end";
    return steps_max;
}

TEST(SubmitWalk, NeverAcknowledgesWhatItDidNotStore)
{
    auto const steps = walk([](unsigned n, FailAt& fail) {
        Submitting hub;
        FailingJournal failing{hub.memory, fail};
        hub.journal = &failing;
        auto const body = hub.dossier();
        auto const reply = hub.send(body, "key-1");
        EXPECT_EQ(acknowledged(reply), !fail.fired()) << "failing step " << n;
        EXPECT_TRUE(!acknowledged(reply) || hub.memory.entries().size() == 1) << "failing step " << n;
        EXPECT_TRUE(acknowledged(reply) || reply.status == 503) << "failing step " << n;

        hub.journal = &hub.memory;
        // Sent again: one dossier, one code, whatever happened the first time.
        auto const again = hub.send(body, "key-1");
        EXPECT_TRUE(acknowledged(again)) << "failing step " << n << ": " << again.body;
        ASSERT_EQ(hub.memory.entries().size(), 1u) << "failing step " << n;
        EXPECT_EQ(again.body, hub.memory.entries()[0].stored.receipt.json);
    });
    EXPECT_EQ(steps, 2u) << "before the commit, behind the commit";
}

TEST(SubmitWalk, NeverAnswersARefusalItDidNotRecord)
{
    auto const steps = walk([](unsigned n, FailAt& fail) {
        Submitting hub;
        FailingJournal failing{hub.memory, fail};
        hub.journal = &failing;
        auto const reply = hub.send("<broken", "key-1");
        EXPECT_EQ(reply.status, fail.fired() ? 503 : 422) << "failing step " << n;
        EXPECT_TRUE(reply.status != 422 || hub.memory.refusals().size() == 1) << "failing step " << n;

        hub.journal = &hub.memory;
        EXPECT_EQ(hub.send("<broken", "key-1").status, 422) << "failing step " << n;
        EXPECT_GE(hub.memory.refusals().size(), 1u);
        EXPECT_TRUE(hub.memory.entries().empty());
    });
    EXPECT_EQ(steps, 4u) << "find and refuse, each before and behind";
}

TEST(SubmitWalk, KeepsWhatWasAcceptedThoughItWouldBeRefusedToday)
{
    walk([](unsigned n, FailAt& fail) {
        Submitting hub;
        auto const body = hub.dossier();
        auto const first = hub.send(body, "key-1");
        ASSERT_EQ(first.status, 201);

        FailingJournal failing{hub.memory, fail};
        hub.journal = &failing;
        auto late = hub.request(body, "key-1");
        late.received_at += std::chrono::hours{24 * 4000};
        auto const reply = hub.send(late);
        EXPECT_EQ(reply.status, fail.fired() ? 503 : 200) << "failing step " << n << ": " << reply.body;

        hub.journal = &hub.memory;
        auto const again = hub.send(late);
        EXPECT_EQ(again.status, 200) << "failing step " << n;
        EXPECT_EQ(again.body, first.body);
        EXPECT_TRUE(hub.memory.refusals().empty()) << "an accepted dossier is never on record as refused";
    });
}

TEST(SubmitWalk, NeverTakesOtherBytesUnderAUsedKey)
{
    walk([](unsigned n, FailAt& fail) {
        Submitting hub;
        ASSERT_EQ(hub.send(hub.dossier(), "key-1").status, 201);
        FailingJournal failing{hub.memory, fail};
        hub.journal = &failing;
        auto const other = hub.dossier();
        auto const reply = hub.send(other, "key-1");
        EXPECT_FALSE(acknowledged(reply)) << "failing step " << n;
        EXPECT_EQ(reply.status, fail.fired() ? 503 : 409) << "failing step " << n;
        hub.journal = &hub.memory;
        EXPECT_EQ(hub.send(other, "key-1").status, 409) << "failing step " << n;
        EXPECT_EQ(hub.memory.entries().size(), 1u);
    });
}

}  // namespace
