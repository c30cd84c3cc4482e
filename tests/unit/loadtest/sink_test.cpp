#include "loadtest/sink.hpp"

#include "gateway/delivery/backend.hpp"
#include "loadtest/drill/ledger.hpp"
#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace
{

using namespace std::chrono_literals;
using delivery::Outcome;
using Kind = Outcome::Kind;

struct SinkTest : testing::Test {
    net::io_context context{1};
    support::ManualClock clock;
    loadtest::SinkConfig config;
    std::unique_ptr<loadtest::Sink> sink;
    std::unique_ptr<delivery::Backend> backend;

    void start()
    {
        sink = std::make_unique<loadtest::Sink>(context, config);
        delivery::BackendConfig to;
        to.url = "http://127.0.0.1:" + std::to_string(sink->port());
        backend = std::make_unique<delivery::Backend>(context, to, clock);
    }
    void TearDown() override
    {
        if (sink) support::run_task(context, sink->stop());
    }
    static store::Claim claim(int n, std::string unit = "U")
    {
        store::Claim claim;
        claim.dossier_id = "D-" + std::to_string(n);
        claim.case_code = std::to_string(10000 + n) + ".G/2026/00108";
        claim.provider = "VNPT";
        claim.unit_code = std::move(unit);
        claim.agency = "00108";
        claim.procedure = "600";
        claim.body = std::make_shared<std::string const>("<Hoso>" + std::to_string(n) + "</Hoso>");
        claim.content_sha256 = signing::hex(signing::sha256(*claim.body));
        return claim;
    }
    Outcome deliver(store::Claim const& claim)
    {
        return support::run_task(context, backend->deliver(claim, runtime::Deadline::after(5s)));
    }
};

TEST_F(SinkTest, TakesACaseOnceAndKnowsItAgain)
{
    start();
    EXPECT_EQ(deliver(claim(1)).http_status, 201);
    EXPECT_EQ(deliver(claim(1)).http_status, 409);
    EXPECT_EQ(sink->counts().cases, 1u);
    EXPECT_EQ(sink->counts().repeated, 1u);
    EXPECT_EQ(sink->counts().mismatches(), 0u);
}

TEST_F(SinkTest, WritesEveryHandOverDownAndKnowsItAfterItsOwnEnd)
{
    support::TemporaryDirectory const directory;
    config.record_file = (directory.path() / "record").string();
    start();
    EXPECT_EQ(deliver(claim(1)).http_status, 201);
    EXPECT_EQ(deliver(claim(1)).http_status, 409);
    support::run_task(context, sink->stop());
    backend.reset();
    sink.reset();

    start();
    EXPECT_EQ(deliver(claim(1)).http_status, 409) << "what an earlier simulator took";
    EXPECT_EQ(deliver(claim(2)).http_status, 201);
    auto const record = loadtest::drill::read_record(config.record_file);
    ASSERT_EQ(record.size(), 4u);
    using loadtest::drill::Taken;
    EXPECT_EQ(record[0].as, Taken::As::fresh);
    EXPECT_TRUE(record[1].as == Taken::As::again && record[2].as == Taken::As::again);
    EXPECT_EQ(record[3].dossier_id, "D-2");
    EXPECT_EQ(record[3].case_code, "10002.G/2026/00108");
    EXPECT_EQ(record[3].content_sha256, claim(2).content_sha256);
    EXPECT_EQ(record[3].unit_code, "U");
}

TEST_F(SinkTest, NoticesTheWrongOrderOfOneUnitOnly)
{
    start();
    deliver(claim(2, "A"));
    deliver(claim(1, "B"));
    EXPECT_EQ(sink->counts().order_violations, 0u);
    deliver(claim(3, "B"));
    deliver(claim(2, "A")); // known by its key: not a new case
    EXPECT_EQ(sink->counts().order_violations, 0u);
    auto late = claim(0, "A");
    deliver(late);
    EXPECT_EQ(sink->counts().order_violations, 1u);
}

TEST_F(SinkTest, NoticesTwoOfOneUnitUnderWayAtOnce)
{
    support::TemporaryDirectory const directory;
    config.record_file = (directory.path() / "record").string();
    config.lag = 50ms;
    start();
    auto const both = [this](store::Claim first, store::Claim second) -> runtime::Task<void> {
        auto beside = net::co_spawn(context.get_executor(), backend->deliver(first, runtime::Deadline::after(5s)), net::deferred);
        auto other = net::co_spawn(context.get_executor(), backend->deliver(second, runtime::Deadline::after(5s)), net::deferred);
        auto group = net::experimental::make_parallel_group(std::move(beside), std::move(other));
        net::experimental::wait_for_all const every;
        co_await group.async_wait(every, runtime::use_task);
    };
    support::run_task(context, both(claim(1, "A"), claim(2, "B")));
    EXPECT_EQ(sink->counts().overlaps, 0u) << "each unit for itself";
    support::run_task(context, both(claim(3, "A"), claim(4, "A")));
    EXPECT_EQ(sink->counts().overlaps, 1u);
    EXPECT_EQ(sink->counts().mismatches(), 1u);
    deliver(claim(5, "A"));
    EXPECT_EQ(sink->counts().overlaps, 1u) << "once it is answered the next may come";
    using As = loadtest::drill::Taken::As;
    auto const record = loadtest::drill::read_record(config.record_file);
    EXPECT_EQ(std::count_if(record.begin(), record.end(), [](auto const& taken) { return taken.as == As::overlap; }), 1);
}

TEST_F(SinkTest, WritesDownWhatItRefuses)
{
    support::TemporaryDirectory const directory;
    config.record_file = (directory.path() / "record").string();
    config.refuse_rate = 1;
    start();
    deliver(claim(1));
    auto const record = loadtest::drill::read_record(config.record_file);
    ASSERT_EQ(record.size(), 1u);
    EXPECT_EQ(record[0].as, loadtest::drill::Taken::As::refused);
}

TEST_F(SinkTest, NoticesOneKeyForOtherBytes)
{
    start();
    deliver(claim(1));
    auto other = claim(1);
    other.body = std::make_shared<std::string const>("<Hoso/>");
    other.content_sha256 = signing::hex(signing::sha256(*other.body));
    EXPECT_EQ(deliver(other).kind, Kind::refused);
    EXPECT_EQ(sink->counts().key_conflicts, 1u);
}

TEST_F(SinkTest, NoticesAMissingHeader)
{
    start();
    auto bare = claim(1);
    bare.procedure.clear();
    EXPECT_EQ(deliver(bare).kind, Kind::refused);
    EXPECT_EQ(sink->counts().header_faults, 1u);
}

TEST_F(SinkTest, FailsForNowAndSaysWhenToComeAgain)
{
    config.fail_rate = 1;
    config.retry_after = 7s;
    start();
    auto const outcome = deliver(claim(1));
    EXPECT_EQ(outcome.kind, Kind::failed_for_now);
    EXPECT_EQ(outcome.retry_after, 7s);
    EXPECT_EQ(sink->counts().cases, 0u);
}

TEST_F(SinkTest, ALostOrLyingAnswerIsMadeGoodByTheKey)
{
    config.cut_rate = 1;
    start();
    EXPECT_EQ(deliver(claim(1)).kind, Kind::failed_for_now);
    loadtest::SinkConfig lie;
    lie.lie_rate = 1;
    sink->change(lie);
    EXPECT_EQ(deliver(claim(2)).kind, Kind::failed_for_now);
    sink->change({});
    EXPECT_EQ(deliver(claim(1)).http_status, 409);
    EXPECT_EQ(deliver(claim(2)).http_status, 409);
    EXPECT_EQ(sink->counts().cases, 2u);
}

TEST_F(SinkTest, RefusesWhereToldTo)
{
    config.refuse_rate = 1;
    start();
    EXPECT_EQ(deliver(claim(1)).kind, Kind::refused);
}

TEST_F(SinkTest, ForgetsTheOldestAtItsBound)
{
    config.cases_max = 2;
    start();
    for (int n = 1; n <= 3; ++n) deliver(claim(n, "U" + std::to_string(n)));
    EXPECT_EQ(deliver(claim(3, "U3")).http_status, 409);
    EXPECT_EQ(deliver(claim(1, "U9")).http_status, 201);
}

} // namespace
