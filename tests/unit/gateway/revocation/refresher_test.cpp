// The refresher over real sources on loopback: who waits for evidence, and until when.

#include "gateway/revocation/refresher.hpp"
#include "signing/trust.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/pki_server.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::Pki;

struct RefresherTest : testing::Test {
    Pki const& pki = Pki::shared();
    support::PkiServer slow, quick;  // slow: takes the request and never answers
    support::TemporaryDirectory directory;
    runtime::SystemClock clock;
    observe::Metrics metrics;
    net::io_context context{1};
    net::thread_pool blocking{1};
    runtime::TaskGroup group{context, [](std::string const& task, std::string const& what) { ADD_FAILURE() << task << ": " << what; }};
    std::shared_ptr<signing::TrustStore const> trust = [this] {
        signing::TrustStore::Material material;
        material.anchors = {{"root", pki.root.certificate_pem}};
        material.intermediates = {{"ca", pki.issuing_ca.certificate_pem}};
        return signing::TrustStore::make(material, {});
    }();
    revocation::RevocationConfig config = [] {
        revocation::RevocationConfig made;
        // Longer than the test may take: who is released was released by what came, not by the time.
        made.fetch_timeout = made.wait_max = 2 * support::hang_after;
        made.retry_first = made.retry_max = 600s;
        made.publish_pause = 0ms;
        return made;
    }();
    std::unique_ptr<revocation::Refresher> refresher;

    RefresherTest()
    {
        slow.hang(true);
        refresher = std::make_unique<revocation::Refresher>(
            config, directory.path(),
            revocation::Refresher::Parts{context, blocking, clock, metrics, [this] { return trust; }, [](revocation::Refresher::Snapshot) {},
                                         [](std::string_view, bool, std::string_view) {}});
        static_cast<void>(refresher->begin(*trust));
        group.spawn("refresher", refresher->run(group));
    }
    ~RefresherTest() override
    {
        group.stop();
        support::run_task(context, group.drained(0ms));
    }

    // Of a new unit whose list is at this address.
    [[nodiscard]] signing::EvidenceWanted wanted(std::string url) const
    {
        return {Pki::der(pki.unit("0101300842")), Pki::der(pki.issuing_ca), {std::move(url)}, {}, {}};
    }
    void wait(std::vector<std::string> ids) { support::run_task(context, refresher->wait(std::move(ids), runtime::Deadline::after(2 * support::hang_after))); }
};

TEST_F(RefresherTest, AWaiterIsReleasedByItsOwnEvidenceWhileAnothersIsStillBeingFetched)
{
    auto const others = wanted(slow.url("/ca.crl")), own = wanted(quick.url("/ca.crl"));
    quick.put("/ca.crl", signing::dev::make_crl(pki.issuing_ca, {}, pki.now - 1h, pki.now + 24h, 7));
    refresher->tell(others);
    support::run_until(context, [&] { return slow.asked("/ca.crl") > 0; });
    refresher->tell(own);
    wait({own.id()});
    EXPECT_EQ(quick.asked("/ca.crl"), 1u);
}

TEST_F(RefresherTest, AWaiterIsReleasedWhenItsOwnTryHasFailed)
{
    auto const others = wanted(slow.url("/ca.crl")), own = wanted(quick.url("/none.crl"));
    refresher->tell(others);
    support::run_until(context, [&] { return slow.asked("/ca.crl") > 0; });
    refresher->tell(own);
    wait({own.id()});
    EXPECT_EQ(quick.asked("/none.crl"), 1u);
    wait({own.id()});
    EXPECT_EQ(quick.asked("/none.crl"), 1u) << "its next try is for later: nobody waits for it";
}

TEST_F(RefresherTest, WhoLacksTheEvidenceBeingFetchedWaitsAndWhoLacksNothingDoesNot)
{
    auto const other = wanted(slow.url("/ca.crl"));
    refresher->tell(other);
    bool ended = false;
    auto waiting = [](revocation::Refresher& from, std::vector<std::string> ids, bool& set) -> runtime::Task<void> {
        co_await from.wait(std::move(ids), runtime::Deadline::after(2 * support::hang_after));
        set = true;
    };
    net::co_spawn(context.get_executor(), waiting(*refresher, {other.id()}, ended), [](std::exception_ptr) {});
    support::run_until(context, [&] { return slow.asked("/ca.crl") > 0; });
    wait({});
    EXPECT_FALSE(ended) << "nothing came yet";
}

}  // namespace
