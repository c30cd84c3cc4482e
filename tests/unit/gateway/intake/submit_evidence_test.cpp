// The second examination: a dossier that lacks only revocation evidence waits for it once, and is examined once more.

#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::code_of;
using support::Office;
using support::Pki;

// Demands fresh evidence and holds none.
class SubmitEvidence : public testing::Test {
protected:
    SubmitEvidence()
    {
        Office::shared().pki.write_trust_directory(directory.path());
        std::filesystem::remove_all(directory.path() / "crls");
        std::ofstream{directory.path() / "anchors/production/root.toml"} << "revocation = \"hard\"\n";
        trust = signing::TrustStore::load(directory.path(), {}, [](signing::EvidenceWanted) {});  // somebody is told, who fetches nothing
        hub.criteria.store(judging_by(trust));
    }

    [[nodiscard]] static std::shared_ptr<intake::Criteria const> judging_by(std::shared_ptr<signing::TrustStore const> store)
    {
        auto made = *Office::shared().criteria();
        made.verifier = std::make_shared<signing::Verifier const>(std::move(store), signing::Policy{});
        return std::make_shared<intake::Criteria const>(std::move(made));
    }
    // Lists of both authorities as they come from their source; of the issuing one alone they are not enough.
    [[nodiscard]] std::shared_ptr<intake::Criteria const> with_evidence(bool of_the_root = true) const
    {
        auto const& pki = Office::shared().pki;
        auto const list = [&](auto const& ca) { return signing::dev::make_crl(ca, {}, pki.now - 1h, pki.now + 24h, 1); };
        std::vector<signing::Revocations::Piece> pieces{{"ca", list(pki.issuing_ca)}};
        if (of_the_root) pieces.push_back({"root", list(pki.root)});
        auto made = signing::Revocations::make({Pki::der(pki.root), Pki::der(pki.issuing_ca)}, pieces, {});
        for (auto const& refused : made.refused) ADD_FAILURE() << refused.why;
        return judging_by(trust->with(made.revocations));
    }
    [[nodiscard]] bool examined(unsigned times) const
    {
        return hub.metrics.exposition().find("ivan_stage_seconds_count{stage=\"examine\"} " + std::to_string(times) + "\n") != std::string::npos;
    }

    support::TemporaryDirectory directory;
    std::shared_ptr<signing::TrustStore const> trust;
    support::Submitting hub;
    unsigned waits = 0;
};

TEST_F(SubmitEvidence, EvidenceThatComesWhileTheDossierWaitsMakesItAccepted)
{
    hub.evidence = [this](std::vector<std::string> wanted, runtime::Deadline) -> runtime::Task<void> {
        ++waits;
        EXPECT_FALSE(wanted.empty()) << "it waits for its own evidence, by name";
        hub.criteria.store(with_evidence());
        co_return;
    };
    auto const reply = hub.send(hub.dossier(), "key-1");
    EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(waits, 1u);
    EXPECT_TRUE(examined(2)) << hub.metrics.exposition();
    EXPECT_EQ(hub.memory.entries().size(), 1u);
    EXPECT_TRUE(hub.memory.refusals().empty());

    EXPECT_EQ(hub.send(hub.dossier(), "key-2").status, 201);
    EXPECT_EQ(waits, 1u) << "the next one finds the evidence there";
}

TEST_F(SubmitEvidence, WhereNothingComesItIsToldToComeAgainAndNothingIsRecorded)
{
    hub.evidence = [this](std::vector<std::string>, runtime::Deadline) -> runtime::Task<void> {
        ++waits;
        co_return;
    };
    auto const reply = hub.send(hub.dossier(), "key-1");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(code_of(reply), "GW-2016");
    EXPECT_EQ(waits, 1u);
    EXPECT_TRUE(examined(1)) << "by the same criteria the word would be the same\n" << hub.metrics.exposition();
    EXPECT_TRUE(hub.memory.entries().empty());
    EXPECT_TRUE(hub.memory.refusals().empty()) << "no word about the dossier";

    hub.criteria.store(with_evidence());
    EXPECT_EQ(hub.send(hub.dossier(), "key-1").status, 201) << "other bytes may take the key: the refused ones left no trace";
}

TEST_F(SubmitEvidence, ADossierWaitsOnceAlsoWhereWhatCameIsNotEnough)
{
    hub.evidence = [this](std::vector<std::string>, runtime::Deadline) -> runtime::Task<void> {
        ++waits;
        hub.criteria.store(with_evidence(false));
        co_return;
    };
    EXPECT_EQ(code_of(hub.send(hub.dossier(), "key-1")), "GW-2016");
    EXPECT_EQ(waits, 1u);
    EXPECT_TRUE(examined(2)) << hub.metrics.exposition();
}

TEST_F(SubmitEvidence, TheWaitIsGivenTheRequestsOwnDeadline)
{
    // The wait of a source that is silent: as long as it may, and no longer.
    auto request = hub.request(hub.dossier(), "key-1");
    request.deadline = runtime::Deadline::after(50ms);
    auto const until = request.deadline.at();
    hub.evidence = [this, until](std::vector<std::string>, runtime::Deadline deadline) -> runtime::Task<void> {
        ++waits;
        EXPECT_EQ(deadline.at(), until);
        auto const executor = co_await net::this_coro::executor;
        runtime::Timer timer{executor, deadline.at()};
        co_await timer.async_wait(runtime::as_result);
    };
    EXPECT_EQ(code_of(hub.send(std::move(request))), "GW-2016");
    EXPECT_EQ(waits, 1u);
}

TEST_F(SubmitEvidence, WhereNobodyFetchesItIsToldAtOnce)
{
    EXPECT_EQ(code_of(hub.send(hub.dossier(), "key-1")), "GW-2016");
    EXPECT_TRUE(examined(1));
}

TEST_F(SubmitEvidence, WhatNoEvidenceCouldMendDoesNotWait)
{
    hub.evidence = [this](std::vector<std::string>, runtime::Deadline) -> runtime::Task<void> {
        ++waits;
        co_return;
    };
    EXPECT_EQ(code_of(hub.send("<broken", "key-1")), "GW-3001");
    auto const stranger = hub.corpus().dossier("600", {hub.corpus().form("D02-TS", 1)}, *Office::shared().stranger_key);
    EXPECT_NE(code_of(hub.send(stranger, "key-2")), "GW-2016");
    EXPECT_EQ(waits, 0u);
}

TEST_F(SubmitEvidence, WhatWasAcceptedBeforeGetsItsReceiptThoughTheEvidenceIsGone)
{
    auto const body = hub.dossier();
    hub.criteria.store(with_evidence());
    auto const first = hub.send(body, "key-1");
    ASSERT_EQ(first.status, 201) << first.body;
    hub.criteria.store(judging_by(trust));
    auto const repeat = hub.send(body, "key-1");
    EXPECT_EQ(repeat.status, 200) << repeat.body;
    EXPECT_EQ(repeat.body, first.body);
}

}  // namespace
