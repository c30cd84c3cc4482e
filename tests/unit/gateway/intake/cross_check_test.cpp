#include "gateway/intake/cross_check.hpp"
#include "gateway/runtime/steady.hpp"

#include "tests/support/personal.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace {

using intake::CrossCheck;
using intake::CrossCheckConfig;
using intake::Engine;
using support::Office;

struct Bench {
    observe::Metrics metrics;
    net::thread_pool pool{1};
    std::mutex mutex;
    std::vector<std::string> said;
    std::shared_ptr<intake::Criteria const> criteria = Office::shared().criteria();
    providers::Admitted sender = support::admitted_provider({"00040"});
    loadtest::Corpus corpus{Office::shared().corpus_config(5)};
    std::shared_ptr<std::string const> body = std::make_shared<std::string const>(
        corpus.dossier("600", {corpus.form("D02-TS", 2)}, *Office::shared().unit_key));
    CrossCheck check;

    explicit Bench(CrossCheckConfig config)
        : check{std::move(config), {pool, metrics, [this](std::string_view, std::string_view difference) {
                                        std::lock_guard const lock{mutex};
                                        said.emplace_back(difference);
                                    }}}
    {
    }
    fault::Result<intake::Examined> examined(Engine engine = Engine::sweep) const
    {
        auto with = *criteria;
        with.engine = engine;
        return intake::examine(with, sender, intake::Lane::dossiers, body, Office::shared().pki.now, intake::StageTimer{nullptr});
    }
    void offer(intake::Examined const& one, std::shared_ptr<intake::Criteria const> with)
    {
        check.offer({std::move(with), sender, intake::Lane::dossiers, body, Office::shared().pki.now, std::nullopt}, one);
    }
    [[nodiscard]] bool counted(std::string const& outcome, int times) const
    {
        return metrics.exposition().find("ivan_cross_checks_total{outcome=\"" + outcome + "\"} " + std::to_string(times)) != std::string::npos;
    }
};

TEST(CrossCheck, ExaminesAgainWhatTheSweepTookAndAgrees)
{
    Bench bench{{.share = "all"}};
    auto const one = bench.examined();
    ASSERT_TRUE(one.has_value());
    ASSERT_EQ(one->engine, Engine::sweep);
    bench.offer(*one, bench.criteria);
    bench.pool.join();
    EXPECT_TRUE(bench.counted("agreed", 1)) << bench.metrics.exposition();
    EXPECT_TRUE(bench.said.empty());
    EXPECT_EQ(bench.check.waiting(), 0u);
}

TEST(CrossCheck, ExaminesAPersonsDossierAgainByTheSameProof)
{
    Bench bench{{.share = "all"}};
    auto const now = Office::shared().pki.now;
    loadtest::Corpus corpus{support::individual_config(Office::shared().corpus_config(11))};
    bench.body = std::make_shared<std::string const>(corpus.unsigned_envelope("607", {corpus.form("TK1-TS", 1)}));
    auto const proof = support::proof_for(support::individual, *bench.body, now);
    auto read = intake::read_personal(*bench.criteria, bench.body, now, intake::StageTimer{nullptr});
    ASSERT_TRUE(read);
    auto const one = intake::examine_personal(*bench.criteria, bench.sender, intake::Lane::dossiers, std::move(*read), proof, now, intake::StageTimer{nullptr});
    ASSERT_TRUE(one);
    ASSERT_EQ(one->engine, Engine::sweep);
    bench.check.offer({bench.criteria, bench.sender, intake::Lane::dossiers, bench.body, now, proof}, *one);
    bench.pool.join();
    EXPECT_TRUE(bench.counted("agreed", 1));
    EXPECT_TRUE(bench.said.empty());
}

TEST(CrossCheck, TellsWhatTheReferenceSaysOtherwise)
{
    Bench bench{{.share = "all"}};
    auto const one = bench.examined();
    ASSERT_TRUE(one.has_value());
    // A reference that trusts nobody stands for an engine that is wrong.
    auto wrong = *bench.criteria;
    support::TemporaryDirectory empty;
    wrong.verifier = std::make_shared<signing::Verifier const>(signing::TrustStore::make({}, {}), signing::Policy{});
    bench.offer(*one, std::make_shared<intake::Criteria const>(std::move(wrong)));
    bench.pool.join();
    EXPECT_TRUE(bench.counted("disagreed", 1));
    ASSERT_EQ(bench.said.size(), 1u);
    EXPECT_NE(bench.said[0].find("refused: GW-2"), std::string::npos) << bench.said[0];
}

TEST(CrossCheck, TakesOneInSoManyOfASampleAndNoneWhereItIsOff)
{
    Bench sample{{.share = "sample", .one_in = 3}};
    auto const one = sample.examined();
    ASSERT_TRUE(one.has_value());
    for (int i = 0; i < 7; ++i) sample.offer(*one, sample.criteria);
    sample.pool.join();
    EXPECT_TRUE(sample.counted("agreed", 3)) << "the first, the fourth and the seventh";

    Bench off{{.share = "off"}};
    auto const other = off.examined();
    ASSERT_TRUE(other.has_value());
    off.offer(*other, off.criteria);
    off.pool.join();
    EXPECT_FALSE(off.counted("agreed", 1));
}

// A clock that stands where it was put.
class Standing final : public runtime::SteadySource {
public:
    Time at{std::chrono::hours{1000}};
    [[nodiscard]] Time now() const noexcept override { return at; }
    [[nodiscard]] std::uint64_t name() override { return ++named_; }
    void add(std::uint64_t, std::uint64_t, Time, std::unique_ptr<Wait>) override {}
    std::size_t cancel_timer(std::uint64_t, std::size_t) override { return 0; }
    void cancel_wait(std::uint64_t) override {}

private:
    std::uint64_t named_ = 0;
};

TEST(CrossCheck, TakesNoMoreOfASampleThanItsBoundEachSecond)
{
    Standing clock;
    Bench bench{{.share = "sample", .one_in = 1, .each_second_max = 2}};
    auto const one = bench.examined();
    ASSERT_TRUE(one.has_value());
    {
        runtime::Steady::Instead const instead{clock};
        for (int i = 0; i < 5; ++i) bench.offer(*one, bench.criteria);
        clock.at += std::chrono::milliseconds{999};
        bench.offer(*one, bench.criteria);
        clock.at += std::chrono::milliseconds{1};
        for (int i = 0; i < 5; ++i) bench.offer(*one, bench.criteria);
    }
    bench.pool.join();
    EXPECT_TRUE(bench.counted("agreed", 4)) << bench.metrics.exposition();
}

TEST(CrossCheck, LeavesToItselfWhatTheReferenceExaminedAnyway)
{
    Bench bench{{.share = "all"}};
    auto const one = bench.examined(Engine::tree);
    ASSERT_TRUE(one.has_value());
    bench.offer(*one, bench.criteria);
    bench.pool.join();
    EXPECT_FALSE(bench.counted("agreed", 1));
}

TEST(CrossCheck, PassesOverWhatFindsNoRoomAndGivesItsPlaceBack)
{
    Bench bench{{.share = "all", .bytes_max = 10}};
    auto const one = bench.examined();
    ASSERT_TRUE(one.has_value());
    bench.offer(*one, bench.criteria);
    bench.pool.join();
    EXPECT_TRUE(bench.counted("passed_over", 1));
    EXPECT_EQ(bench.check.waiting(), 0u);
}

}  // namespace
