// The registry as PostgreSQL keeps it: what the seed says comes back, and a repeat changes nothing.

#include "gateway/observe/metrics.hpp"
#include "gateway/store/postgres.hpp"
#include "providers/seed.hpp"
#include "tests/support/postgres.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace {

store::Postgres registry_of(support::Database& database, observe::Metrics& metrics)
{
    store::StoreConfig config;
    config.database_url = database.url();
    config.connections_max = 1;
    return store::Postgres{config, [](dossier::ReceiptFacts const&) { return dossier::Receipt{}; }, metrics};
}

TEST(Seed, EveryPartyComesBackWithAllItsAliases)
{
    auto& database = support::Database::shared();
    database.reset();
    observe::Metrics metrics;
    auto postgres = registry_of(database, metrics);
    auto const seed = providers::load_seed(std::filesystem::path{IVAN_SOURCE_DIR} / "providers/seed");
    ASSERT_TRUE(postgres.reference().seed(seed, {}));
    ASSERT_TRUE(postgres.reference().seed(seed, {})) << "a second time";

    auto const parties = postgres.reference().providers();
    ASSERT_TRUE(parties);
    ASSERT_EQ(parties->size(), seed.providers.size());
    for (auto expected : seed.providers) {
        auto const found = std::ranges::find(*parties, expected.code, &providers::Provider::code);
        ASSERT_NE(found, parties->end()) << expected.code;
        std::ranges::sort(expected.aliases);
        EXPECT_EQ(found->aliases, expected.aliases) << expected.code;
        EXPECT_EQ(found->contract_from, expected.contract_from) << expected.code;
    }
    EXPECT_EQ(postgres.reference().agencies().value().size(), seed.agencies.size());
}

TEST(Seed, WhatAnOperatorChangedStaysWhenTheSeedComesAgain)
{
    auto& database = support::Database::shared();
    database.reset();
    observe::Metrics metrics;
    auto postgres = registry_of(database, metrics);
    auto const seed = providers::load_seed(std::filesystem::path{IVAN_SOURCE_DIR} / "providers/seed");
    ASSERT_TRUE(postgres.reference().seed(seed, {}));
    auto changed = seed.providers.front();
    changed.name = "Tên mới";
    changed.certificates = {std::string(64, 'a')};
    ASSERT_TRUE(postgres.reference().put(changed));
    ASSERT_TRUE(postgres.reference().seed(seed, {}));

    auto const parties = postgres.reference().providers();
    ASSERT_TRUE(parties);
    auto const found = std::ranges::find(*parties, changed.code, &providers::Provider::code);
    ASSERT_NE(found, parties->end());
    EXPECT_EQ(found->name, "Tên mới");
    EXPECT_EQ(found->certificates, changed.certificates);
    EXPECT_EQ(found->aliases, changed.aliases);
}

}  // namespace
