// What every store of dossiers under grace must do (store/grace.hpp), over PostgreSQL and in memory.

#include "gateway/store/detail/path_bytes.hpp"
#include "gateway/store/pg_grace.hpp"
#include "tests/support/memory_grace.hpp"
#include "tests/support/store.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace {

using namespace std::chrono_literals;
using store::GraceDossier;
using store::GraceVerdict;
using store::Refusal;
using support::soon;

runtime::Instant const day = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 3h;

class Subject {
public:
    virtual ~Subject() = default;
    virtual store::Grace& grace() = 0;
    virtual void add(std::string const& key) = 0;  // one dossier of THAISON, accepted under grace
    virtual std::size_t notices() = 0;             // late_revocation
};

store::GraceSigner signer()
{
    store::GraceSigner made;
    made.path = {"leaf", std::string("c\0a", 3), "root"};
    made.evidence = {"crl:CA", day - 48h, day - 24h, true};
    return made;
}

class MemorySubject final : public Subject {
public:
    store::Grace& grace() override { return grace_; }
    void add(std::string const& key) override { grace_.add({"d-" + key, "code-" + key, "THAISON", "00108", day, {signer()}}); }
    std::size_t notices() override { return grace_.notices.size(); }

private:
    support::MemoryGrace grace_;
};

class PostgresSubject final : public Subject {
public:
    PostgresSubject()
    {
        support::Database::shared().reset();
        store::StoreConfig config;
        config.database_url = support::Database::shared().url();
        gateway_.emplace(config);
    }
    store::Grace& grace() override { return grace_.emplace(gateway_->pool); }
    void add(std::string const& key) override
    {
        support::PlainDossier plain{.key = key};
        plain.at = day;
        auto row = support::row_of(plain);
        // The same signer on the envelope and a form, and one whose evidence was fresh.
        signing::Signer one;
        one.path_der = signer().path;
        one.revocation = signer().evidence;
        signing::Signer fresh = one;
        fresh.path_der = std::vector<std::string>{"other", "ca", "root"};
        fresh.revocation.grace = false;
        row.facts.signers = {one, fresh, one};
        auto const stored = support::run_task(context_, gateway_->journal.accept_row(std::move(row), soon()));
        if (!stored) throw std::runtime_error(stored.error().detail);
    }
    std::size_t notices() override
    {
        return static_cast<std::size_t>(support::Database::shared().count("SELECT count(*) FROM ivan.notices WHERE kind = 'late_revocation'"));
    }

private:
    net::io_context context_{1};
    std::optional<support::Gateway> gateway_;
    std::optional<store::detail::PgGrace> grace_;
};

enum class Kind { memory, postgres };

class GraceContract : public testing::TestWithParam<Kind> {
protected:
    GraceContract()
    {
        if (GetParam() == Kind::memory) subject = std::make_unique<MemorySubject>();
        else subject = std::make_unique<PostgresSubject>();
    }
    std::vector<GraceDossier> claim(std::size_t rows, runtime::Instant sweep, runtime::Instant now)
    {
        return support::run_task(context, subject->grace().claim(rows, sweep, now, 60s, soon())).value();
    }
    bool settle(std::string const& id, std::optional<runtime::Instant> revoked_at)
    {
        GraceVerdict verdict{id, revoked_at, {"crl:CA", day, day + 1h, false}, day + 2h, "note"};
        return support::run_task(context, subject->grace().settle(std::move(verdict), soon())).value();
    }
    store::GraceCounts counts() { return support::run_task(context, subject->grace().counts(soon())).value(); }

    std::unique_ptr<Subject> subject;
    net::io_context context{1};
};

TEST_P(GraceContract, APendingDossierIsClaimedWithItsSignersOnceInASweep)
{
    subject->add("1");
    auto const claimed = claim(10, day + 1h, day + 1h);
    ASSERT_EQ(claimed.size(), 1u);
    EXPECT_EQ(claimed[0].provider, "THAISON");
    EXPECT_EQ(claimed[0].received_at, day);
    ASSERT_EQ(claimed[0].signers.size(), 1u) << "each different signer under grace, and no other";
    EXPECT_EQ(claimed[0].signers[0].path, signer().path);
    EXPECT_EQ(claimed[0].signers[0].evidence.source, "crl:CA");
    EXPECT_EQ(claimed[0].signers[0].evidence.next_update, day - 24h);
    EXPECT_TRUE(claim(10, day + 1h, day + 1h + 1s).empty()) << "it was taken since the sweep began";
    EXPECT_TRUE(claim(10, day + 1h + 30s, day + 1h + 30s).empty()) << "it is leased";
    EXPECT_EQ(claim(10, day + 2h, day + 2h).size(), 1u) << "and claimable again when the lease has ended";
}

TEST_P(GraceContract, AClaimIsBoundedAndTheLongestUnseenComeFirst)
{
    for (auto const* key : {"1", "2", "3"}) subject->add(key);
    auto const first = claim(2, day + 1h, day + 1h);
    EXPECT_EQ(first.size(), 2u);
    auto const rest = claim(2, day + 1h, day + 1h);
    ASSERT_EQ(rest.size(), 1u);
    auto const later = claim(2, day + 3h, day + 3h);
    ASSERT_EQ(later.size(), 2u);
}

TEST_P(GraceContract, AClearedOneIsSettledForGoodWithoutANotice)
{
    subject->add("1");
    auto const id = claim(1, day + 1h, day + 1h).at(0).dossier_id;
    EXPECT_TRUE(settle(id, std::nullopt));
    EXPECT_FALSE(settle(id, day)) << "settled before: nothing happens";
    EXPECT_EQ(subject->notices(), 0u);
    EXPECT_TRUE(claim(1, day + 9h, day + 9h).empty());
    EXPECT_EQ(counts().pending, 0u);
    EXPECT_EQ(counts().cleared, 1u);
    EXPECT_EQ(counts().late, 0u);
}

TEST_P(GraceContract, ARevokedOneGivesOneNoticeAndStandsUntilAcknowledged)
{
    subject->add("1");
    EXPECT_EQ(counts().pending, 1u);
    EXPECT_EQ(counts().oldest, day);
    auto const id = claim(1, day + 1h, day + 1h).at(0).dossier_id;
    auto acknowledge = [&] { return support::run_task(context, subject->grace().acknowledge(id, "an", day + 3h, soon())); };
    ASSERT_FALSE(acknowledge().has_value()) << "it is not revoked yet";
    EXPECT_TRUE(settle(id, day - 1h));
    EXPECT_FALSE(settle(id, day - 1h));
    EXPECT_EQ(subject->notices(), 1u);
    EXPECT_EQ(counts().late, 1u);
    auto const late = support::run_task(context, subject->grace().late(10, soon())).value();
    ASSERT_EQ(late.size(), 1u);
    EXPECT_EQ(late[0].dossier_id, id);
    EXPECT_EQ(late[0].revoked_at, day - 1h);
    EXPECT_EQ(late[0].evidence, "crl:CA");
    EXPECT_EQ(late[0].found_at, day + 2h);
    ASSERT_TRUE(acknowledge().has_value());
    EXPECT_EQ(acknowledge().error().why, Refusal::not_found);
    EXPECT_EQ(counts().late, 0u);
}

TEST_P(GraceContract, NobodyKnowsAnUnknownDossier)
{
    EXPECT_FALSE(settle("01890000-0000-7000-8000-000000000000", day));
    for (auto const* id : {"01890000-0000-7000-8000-000000000000", "no id"})
        EXPECT_EQ(support::run_task(context, subject->grace().acknowledge(id, "an", day, soon())).error().why, Refusal::not_found) << id;
}

INSTANTIATE_TEST_SUITE_P(Stores, GraceContract, testing::Values(Kind::memory, Kind::postgres),
                         [](auto const& tested) { return tested.param == Kind::memory ? "Memory" : "PostgreSQL"; });

TEST(PathBytes, JoinAndSplitAreOppositesAndOtherBytesAreRefused)
{
    using store::detail::join_path, store::detail::split_path;
    std::vector<std::string> const parts{"leaf", "", std::string(300, '\0')};
    EXPECT_EQ(split_path(join_path(parts)), parts);
    EXPECT_EQ(split_path(""), std::vector<std::string>{});
    for (auto const& bytes : {std::string{"abc"}, std::string{"\0\0\0\5abc", 7}, std::string{"\xff\xff\xff\xff", 4}})
        EXPECT_FALSE(split_path(bytes).has_value());
}

}  // namespace
