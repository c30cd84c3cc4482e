// The whole gateway while its database is in trouble: "later" with a time, never a wrong word; and then service again, without a
// restart.

#include "tests/support/cluster.hpp"
#include "tests/support/hub.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::chrono_literals;
using support::Cluster;
using support::Hub;
using support::text_in;

TEST(DatabaseAway, DossiersAreAnsweredLaterAndServedAgainWithoutARestart)
{
    Hub hub;
    Cluster cluster;
    hub.config.store.database_url = cluster.url();
    hub.config.store.connect_timeout = 500ms;
    hub.register_parties_at(cluster.url());
    hub.start();
    auto const body = hub.dossier();
    auto const first = hub.submit(body, "key-1");
    ASSERT_EQ(first.status, 201) << first.body;

    cluster.crash();
    auto const away = hub.submit(hub.dossier(), "key-2");
    EXPECT_EQ(away.status, 503) << away.body;
    EXPECT_FALSE(away.header("Retry-After").empty());
    EXPECT_EQ(text_in(away, "/code"), "GW-4001");
    auto const asked = hub.get("/v1/dossiers?idempotency_key=key-1");
    EXPECT_EQ(asked.status, 503);
    EXPECT_FALSE(asked.header("Retry-After").empty());
    Hub::until("it says that it is not ready", [&] { return hub.ops("/readyz").status == 503; });

    cluster.start();
    Hub::until("it is served again", [&] { return hub.submit(body, "key-1").status == 200; });
    EXPECT_EQ(hub.submit(body, "key-1").body, first.body);
    Hub::until("it is ready again", [&] { return hub.ops("/readyz").status == 200; });
    Hub::until("it is delivered", [&] { return hub.backend.counts().cases == 1; });
    EXPECT_EQ(hub.submit(hub.dossier(), "key-3").status, 201);
}

}  // namespace
