#include "gateway/intake/submit.hpp"

#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace {

using support::code_of;
using support::Submitting;

intake::Request with_header(intake::Request request, std::string const& name, std::string const& value)
{
    std::erase_if(request.headers, [&](auto const& header) { return header.first == name; });
    request.headers.emplace_back(name, value);
    return request;
}

TEST(Submit, AnswersAGoodDossierWithTheStoredReceipt)
{
    Submitting hub;
    auto const reply = hub.send(hub.dossier(), "key-1");
    ASSERT_EQ(reply.status, 201) << reply.body;
    ASSERT_EQ(hub.memory.entries().size(), 1u);
    EXPECT_EQ(reply.body, hub.memory.entries()[0].stored.receipt.json);
    EXPECT_EQ(hub.woken, 1u) << "delivery hears of a new dossier";
    EXPECT_EQ(hub.metrics.totals().accepted, 1u);
}

TEST(Submit, AnswersARepeatWithTheSameBytesAndWakesNobody)
{
    Submitting hub;
    auto const body = hub.dossier();
    auto const first = hub.send(body, "key-1");
    auto const second = hub.send(body, "key-1");
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(first.body, second.body);
    EXPECT_EQ(hub.memory.entries().size(), 1u);
    EXPECT_EQ(hub.woken, 1u);
}

TEST(Submit, AnswersTheReceiptItselfWhereXmlIsPreferred)
{
    Submitting hub;
    auto const reply = hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Accept", "application/xml"));
    ASSERT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body, hub.memory.entries()[0].stored.receipt.xml);
}

TEST(Submit, RefusesTheSameKeyWithOtherBytes)
{
    Submitting hub;
    ASSERT_EQ(hub.send(hub.dossier(), "key-1").status, 201);
    auto const reply = hub.send(hub.dossier(), "key-1");
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(code_of(reply), "GW-4004");
    EXPECT_EQ(hub.memory.entries().size(), 1u);
    EXPECT_EQ(hub.memory.refusals().size(), 1u) << "this refusal is recorded too";
}

TEST(Submit, SaysThatTheKeyIsTakenEvenWhereTheOtherBytesAreBad)
{
    Submitting hub;
    ASSERT_EQ(hub.send(hub.dossier(), "key-1").status, 201);
    EXPECT_EQ(code_of(hub.send("<broken", "key-1")), "GW-4004");
}

TEST(Submit, RecordsARefusalWithItsBytesAndItsProblemBeforeAnsweringIt)
{
    Submitting hub;
    auto const reply = hub.send("<broken", "key-1");
    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(code_of(reply), "GW-3001");
    auto const refusals = hub.memory.refusals();
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_EQ(refusals[0].body, "<broken");
    EXPECT_EQ(refusals[0].fault_id, "GW-3001");
    EXPECT_EQ(refusals[0].problem, reply.body);
    EXPECT_EQ(refusals[0].provider, "THAISON");
}

TEST(Submit, GivesTheStoredReceiptThoughTheSignerIsNoLongerTrusted)
{
    Submitting hub;
    auto const body = hub.dossier();
    auto const first = hub.send(body, "key-1");
    ASSERT_EQ(first.status, 201);

    // As if the certificate had ended since: the same bytes would be refused today.
    auto late = hub.request(body, "key-1");
    late.received_at += std::chrono::hours{24 * 4000};
    auto const repeat = hub.send(std::move(late));
    EXPECT_EQ(repeat.status, 200) << repeat.body;
    EXPECT_EQ(repeat.body, first.body);
    EXPECT_TRUE(hub.memory.refusals().empty());

    auto stranger = hub.request(body, "key-2");
    stranger.received_at += std::chrono::hours{24 * 4000};
    EXPECT_EQ(hub.send(std::move(stranger)).status, 422) << "under another key it is a new dossier";
}

TEST(Submit, AnswersUnavailableWhereTheDatabaseIsDown)
{
    Submitting hub;
    hub.memory.down = true;
    auto const reply = hub.send(hub.dossier(), "key-1");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(code_of(reply), "GW-4001");

    hub.memory.down = false;
    EXPECT_EQ(hub.send(hub.dossier(), "key-1").status, 201) << "service is restored";
}

TEST(Submit, AnswersUnavailableWhereARefusalCannotBeRecorded)
{
    Submitting hub;
    hub.memory.down = true;
    EXPECT_EQ(code_of(hub.send("<broken", "key-1")), "GW-4001") << "not refused, since nobody could prove it later";
    hub.memory.down = false;
    EXPECT_EQ(code_of(hub.send("<broken", "key-1")), "GW-3001");
}

TEST(Submit, RefusesABodyThatIsNotXmlByItsType)
{
    Submitting hub;
    for (auto const* type : {"", "application/json", "application/xml; charset=utf-16", "text/plain", "multipart/form-data"}) {
        auto const reply = hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Content-Type", type));
        EXPECT_EQ(code_of(reply), "GW-1004") << type;
    }
    auto const reply = hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Content-Type", "Text/XML; Charset=\"UTF-8\""));
    EXPECT_EQ(reply.status, 201) << reply.body;
}

TEST(Submit, RefusesAnAcceptItCannotMeet)
{
    Submitting hub;
    EXPECT_EQ(code_of(hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Accept", "image/png"))), "GW-1011");
    EXPECT_EQ(code_of(hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Accept", "*/*;q=0"))), "GW-1011");
    EXPECT_EQ(hub.send(with_header(hub.request(hub.dossier(), "key-1"), "Accept", "image/png, */*;q=0.1")).status, 201);
}

TEST(Submit, RefusesAMissingOrMalformedIdempotencyKey)
{
    Submitting hub;
    for (auto const& key : {std::string{}, std::string(201, 'k'), std::string{"two words"}, std::string{"b\xC3\xA2n"}, std::string{"\x7f"}})
        EXPECT_EQ(code_of(hub.send("<Hoso/>", key)), "GW-1012") << key;
    EXPECT_EQ(hub.send(hub.dossier(), std::string(200, '~')).status, 201);
}

TEST(Submit, ExaminesALargeDossierOnThePoolWithTheSameResult)
{
    Submitting hub{{.inline_bytes_max = 1, .pool_waiting_max = 1}};
    EXPECT_EQ(hub.send(hub.dossier(30), "key-1").status, 201);
    EXPECT_EQ(code_of(hub.send("<broken", "key-2")), "GW-3001");
}

TEST(Submit, AnswersOverloadedWhereThePoolHasNoPlaceAndRecordsNothing)
{
    Submitting hub{{.inline_bytes_max = 1, .pool_waiting_max = 0}};
    auto const reply = hub.send(hub.dossier(), "key-1");
    EXPECT_EQ(code_of(reply), "GW-1107");
    EXPECT_TRUE(std::ranges::any_of(reply.headers, [](auto const& header) { return header.first == "Retry-After"; }));
    EXPECT_TRUE(hub.memory.refusals().empty());
}

// Says one thing to every dossier, after a while.
class SaysAlways final : public store::Journal {
public:
    explicit SaysAlways(store::Refusal why) : why_{why} {}
    runtime::Task<store::Result<store::Stored>> accept(store::Acceptance, runtime::Deadline) override
    {
        runtime::Timer pause{co_await net::this_coro::executor, took};
        co_await pause.async_wait(runtime::as_result);
        store::Failure failure{why_, "as told"};
        if (why_ == store::Refusal::duplicate) failure.original = store::Original{"D-1", "1.G/2026/00108"};
        co_return failure;
    }
    runtime::Task<store::Result<void>> refuse(store::RefusalRecord, runtime::Deadline) override { co_return store::Result<void>{}; }
    runtime::Task<store::Result<std::optional<store::Stored>>> find(std::string, std::string, std::string, runtime::Deadline) override
    {
        co_return std::optional<store::Stored>{};
    }
    static constexpr std::chrono::milliseconds took{3};

private:
    store::Refusal why_;
};

// What admission's adaptive limit hears of a commit.
TEST(Submit, TellsAdmissionWhatACommitTookWhereItSaysHowMuchTheStoreCanTake)
{
    struct Told {
        std::chrono::nanoseconds took;
        bool stored;
        std::size_t bytes;
    };
    struct Case {
        store::Refusal why;
        std::optional<bool> told;  // nothing: not told
    };
    using enum store::Refusal;
    for (auto const& [why, expected] : {Case{busy, false}, Case{deadline_passed, false}, Case{unavailable, {}}, Case{outcome_unknown, {}}, Case{internal, {}},
                                        Case{duplicate, true}, Case{key_reused, true}}) {
        Submitting hub;
        SaysAlways journal{why};
        hub.journal = &journal;
        std::vector<Told> told;
        hub.committed = [&](auto took, bool stored, std::size_t bytes) { told.push_back({took, stored, bytes}); };
        auto const body = hub.dossier();
        EXPECT_NE(hub.send(body, "key-1").status, 201);
        ASSERT_EQ(told.size(), expected ? 1u : 0u) << store::name_of(why);
        if (!expected) continue;
        EXPECT_EQ(told[0].stored, *expected) << store::name_of(why);
        EXPECT_EQ(told[0].bytes, body.size());
        EXPECT_GE(told[0].took, SaysAlways::took) << "the whole of the commit";
    }
}

TEST(Submit, WhatADossierWaitedForItsTurnIsOfWhatItTook)
{
    Submitting hub;
    std::chrono::nanoseconds took{};
    hub.committed = [&](auto of_one, bool, std::size_t) { took = of_one; };
    auto request = hub.request(hub.dossier(), "key-1");
    request.turn_waited = std::chrono::minutes{1};
    EXPECT_EQ(hub.send(std::move(request)).status, 201);
    EXPECT_GE(took, std::chrono::minutes{1}) << "or a limit would grow while everybody stands in line at the core";
}

TEST(Submit, TellsAdmissionOfWhatIsStoredAndNothingOfWhatNeverCameToACommit)
{
    Submitting hub;
    unsigned stored = 0, others = 0;
    hub.committed = [&](auto, bool came_about, std::size_t) { ++(came_about ? stored : others); };
    auto const body = hub.dossier();
    EXPECT_EQ(hub.send(body, "key-1").status, 201);
    EXPECT_EQ(hub.send(body, "key-1").status, 200);
    EXPECT_EQ(stored, 2u) << "a repeat asks the store as a new one does";
    EXPECT_NE(hub.send("<no dossier/>", "key-2").status, 201);
    EXPECT_EQ(stored + others, 2u);
}

}  // namespace
