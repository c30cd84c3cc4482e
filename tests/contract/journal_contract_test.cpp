// What every journal must do (store/journal.hpp). Each test runs over PgJournal on a real PostgreSQL and over the
// in-memory journal, which may stand in for it because it passes here.

#include "gateway/store/pg_journal.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/memory_journal.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/run_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>

namespace {

using store::Refusal;
using store::Stored;
using support::PlainDossier;
using support::row_of;

// One journal under test, and what it holds.
class Subject {
public:
    virtual ~Subject() = default;
    virtual store::Journal& journal() = 0;
    virtual runtime::Task<store::Result<Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) = 0;
    virtual long dossiers() = 0;
    virtual std::vector<std::string> refusals() = 0;  // fault ids
    virtual std::vector<std::uint64_t> refusal_places() = 0;  // in the provable log, in their order
    virtual std::map<std::string, std::uint64_t> places() = 0;  // dossier id → place
};

std::atomic<bool> key_away{false};

// Every receipt differs from every other, so that equal bytes can only come from the store.
store::Sealer counting_sealer()
{
    return [n = std::make_shared<std::atomic<int>>(0)](dossier::ReceiptFacts const& facts) {
        if (key_away) throw signing::KeyTrouble{"the token is away"};
        auto receipt = support::plain_receipt(facts);
        receipt.xml += "<!--" + std::to_string(++*n) + "-->";
        return receipt;
    };
}

class MemorySubject final : public Subject {
public:
    store::Journal& journal() override { return journal_; }
    runtime::Task<store::Result<Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) override
    {
        return journal_.accept_row(std::move(row), deadline);
    }
    long dossiers() override { return static_cast<long>(journal_.entries().size()); }
    std::vector<std::string> refusals() override
    {
        std::vector<std::string> out;
        for (auto const& record : journal_.refusals()) out.push_back(record.fault_id);
        return out;
    }
    std::vector<std::uint64_t> refusal_places() override { return journal_.refusal_places(); }
    std::map<std::string, std::uint64_t> places() override
    {
        std::map<std::string, std::uint64_t> out;
        for (auto const& entry : journal_.entries()) out[entry.stored.dossier_id] = entry.log_index;
        return out;
    }

private:
    support::MemoryJournal journal_{counting_sealer()};
};

class PostgresSubject final : public Subject {
public:
    PostgresSubject()
    {
        database_.reset();
        config_.database_url = database_.url();
    }
    store::Journal& journal() override { return journal_; }
    runtime::Task<store::Result<Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) override
    {
        return journal_.accept_row(std::move(row), deadline);
    }
    long dossiers() override { return database_.count("SELECT count(*) FROM ivan.dossiers"); }
    std::vector<std::string> refusals() override
    {
        std::vector<std::string> out;
        for (long i = 0, n = database_.count("SELECT count(*) FROM ivan.refusals"); i < n; ++i)
            out.push_back(database_.value("SELECT fault_id FROM ivan.refusals ORDER BY refusal_id OFFSET " + std::to_string(i)));
        return out;
    }
    std::vector<std::uint64_t> refusal_places() override
    {
        std::vector<std::uint64_t> out;
        for (long i = 0, n = database_.count("SELECT count(*) FROM ivan.refusals"); i < n; ++i)
            out.push_back(std::stoull(database_.value("SELECT log_index FROM ivan.refusals ORDER BY log_index OFFSET " + std::to_string(i))));
        return out;
    }
    std::map<std::string, std::uint64_t> places() override
    {
        std::map<std::string, std::uint64_t> out;
        for (long i = 0, n = database_.count("SELECT count(*) FROM ivan.dossiers"); i < n; ++i) {
            auto const offset = " FROM ivan.dossiers ORDER BY dossier_id OFFSET " + std::to_string(i) + " LIMIT 1";
            out[database_.value("SELECT dossier_id" + offset)] = std::stoull(database_.value("SELECT log_index" + offset));
        }
        return out;
    }

private:
    support::Database& database_ = support::Database::shared();
    observe::Metrics metrics_;
    store::StoreConfig config_;
    store::detail::PgPool pool_{config_, metrics_};
    store::detail::PgJournal journal_{config_, counting_sealer(), metrics_, pool_};
};

enum class Kind { memory, postgres };

class JournalContract : public testing::TestWithParam<Kind> {
protected:
    JournalContract()
    {
        if (GetParam() == Kind::memory) subject_ = std::make_unique<MemorySubject>();
        else subject_ = std::make_unique<PostgresSubject>();
    }
    static runtime::Deadline soon() { return runtime::Deadline::after(std::chrono::seconds{20}); }
    store::Result<Stored> accept(PlainDossier const& plain) { return support::run_task(context_, subject_->accept_row(row_of(plain), soon())); }
    // All at once, on one core; results in the order given.
    std::vector<store::Result<Stored>> accept_all(std::vector<PlainDossier> const& all)
    {
        std::vector<store::Result<Stored>> results(all.size(), store::Failure{Refusal::internal, "never answered"});
        std::size_t answered = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto done = [&results, &answered, i](std::exception_ptr error, store::Result<Stored> result) {
                EXPECT_FALSE(error);
                results[i] = std::move(result);
                ++answered;
            };
            net::co_spawn(context_.get_executor(), subject_->accept_row(row_of(all[i]), soon()), std::move(done));
        }
        support::run_until(context_, [&] { return answered == all.size(); });
        return results;
    }
    static Refusal refusal(store::Result<Stored> const& result)
    {
        EXPECT_FALSE(result.has_value());
        return result.has_value() ? Refusal::internal : result.error().why;
    }

    net::io_context context_{1};
    std::unique_ptr<Subject> subject_;
};

TEST_P(JournalContract, GivesAFreshDossierACodeAndAReceiptThatNamesIt)
{
    auto const stored = accept({});
    ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    EXPECT_EQ(stored->case_code, "00001.G/2026/00108");
    EXPECT_FALSE(stored->repeated);
    EXPECT_TRUE(dossier::id_ok(stored->dossier_id));
    EXPECT_THAT(stored->receipt.xml, testing::HasSubstr("<MaHoSo>00001.G/2026/00108</MaHoSo>"));
    EXPECT_THAT(stored->receipt.xml, testing::HasSubstr(stored->dossier_id));
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, AnswersARepeatWithTheVerySameReceipt)
{
    auto const first = accept({});
    auto const again = accept({});
    ASSERT_TRUE(first.has_value() && again.has_value());
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->receipt.xml, first->receipt.xml);
    EXPECT_EQ(again->receipt.json, first->receipt.json);
    EXPECT_EQ(again->case_code, first->case_code);
    EXPECT_EQ(again->dossier_id, first->dossier_id);
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, RefusesAKeyThatWasUsedForOtherBytes)
{
    ASSERT_TRUE(accept({}).has_value());
    EXPECT_EQ(refusal(accept({.body = "<Hoso>other</Hoso>"})), Refusal::key_reused);
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, KeepsTheKeysOfProvidersApart)
{
    auto const one = accept({.provider = "THAISON"});
    auto const other = accept({.provider = "VNPT", .body = "<Hoso>other</Hoso>"});
    ASSERT_TRUE(one.has_value() && other.has_value());
    EXPECT_FALSE(other->repeated);
    EXPECT_NE(one->case_code, other->case_code);
}

TEST_P(JournalContract, RefusesTheSameBytesUnderAnotherKeyAndNamesTheOriginal)
{
    auto const one = accept({.key = "a", .body = "same"});
    ASSERT_TRUE(one.has_value());
    auto const two = accept({.key = "b", .body = "same"});
    ASSERT_EQ(refusal(two), Refusal::duplicate);
    ASSERT_TRUE(two.error().original.has_value());
    EXPECT_EQ(two.error().original->dossier_id, one->dossier_id);
    EXPECT_EQ(two.error().original->case_code, one->case_code);
    EXPECT_EQ(subject_->dossiers(), 1);
    // The refused one kept neither key nor number.
    auto const next = accept({.key = "b", .body = "other"});
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->case_code, "00002.G/2026/00108");
    EXPECT_TRUE(accept({.key = "a", .body = "same"})->repeated) << "the same key is a repeat, as ever";
}

TEST_P(JournalContract, TakesTheSameBytesFromAnotherProvider)
{
    auto const one = accept({.provider = "THAISON", .key = "a", .body = "same"});
    auto const two = accept({.provider = "VNPT", .key = "b", .body = "same"});
    ASSERT_TRUE(one.has_value() && two.has_value());
    EXPECT_NE(one->dossier_id, two->dossier_id);
}

TEST_P(JournalContract, GivesARacedContentToOneKeyAlone)
{
    std::vector<PlainDossier> all(40);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].key = "k" + std::to_string(i);
        all[i].body = "same";
    }
    std::size_t accepted = 0;
    std::string winner;
    std::set<std::string> named;
    for (auto const& result : accept_all(all)) {
        if (result.has_value()) {
            ++accepted;
            winner = result->dossier_id;
        } else {
            ASSERT_EQ(result.error().why, Refusal::duplicate);
            ASSERT_TRUE(result.error().original.has_value());
            named.insert(result.error().original->dossier_id);
        }
    }
    EXPECT_EQ(accepted, 1u);
    EXPECT_EQ(named, std::set<std::string>{winner});
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, ADuplicateOfARefusedDossierGetsItsOwnTurn)
{
    ASSERT_TRUE(accept({.key = "first"}).has_value());
    // The same bytes under two keys at once; whichever comes first is of another owner's unit.
    std::vector<PlainDossier> all(2);
    all[0] = {.key = "a", .body = "same", .tax_code = "0100109106"};
    all[1] = {.key = "b", .body = "same"};
    auto const results = accept_all(all);
    EXPECT_EQ(refusal(results[0]), Refusal::unit_owner_mismatch);
    ASSERT_TRUE(results[1].has_value()) << results[1].error().detail;
}

TEST_P(JournalContract, TakesTheSameBytesAgainAsACorrectionOfADossierOfTheUnit)
{
    auto const one = accept({.key = "a", .body = "same"});
    ASSERT_TRUE(one.has_value());
    auto const by_id = accept({.key = "b", .body = "same", .corrects = one->dossier_id});
    ASSERT_TRUE(by_id.has_value()) << by_id.error().detail;
    EXPECT_NE(by_id->dossier_id, one->dossier_id);
    auto const by_code = accept({.key = "c", .body = "corrected", .corrects = one->case_code});
    ASSERT_TRUE(by_code.has_value()) << by_code.error().detail;
    EXPECT_TRUE(accept({.key = "b", .body = "same", .corrects = one->dossier_id})->repeated);
    EXPECT_EQ(subject_->dossiers(), 3);
    // What a correction brought is content like any other.
    EXPECT_EQ(refusal(accept({.key = "d", .body = "corrected"})), Refusal::duplicate);
    auto const still = accept({.key = "e", .body = "same"});
    ASSERT_EQ(refusal(still), Refusal::duplicate);
    EXPECT_EQ(still.error().original->dossier_id, one->dossier_id) << "the first of all";
}

TEST_P(JournalContract, RefusesACorrectionOfWhatIsNotAnAcceptedDossierOfThatProviderAndUnit)
{
    auto const one = accept({.key = "a"});
    ASSERT_TRUE(one.has_value());
    auto const unknown = dossier::new_id(PlainDossier{}.at);
    EXPECT_EQ(refusal(accept({.key = "b", .corrects = unknown})), Refusal::correction_invalid);
    EXPECT_EQ(refusal(accept({.key = "b", .corrects = "99999.G/2026/00108"})), Refusal::correction_invalid);
    EXPECT_EQ(refusal(accept({.provider = "VNPT", .key = "b", .corrects = one->dossier_id})), Refusal::correction_invalid);
    EXPECT_EQ(refusal(accept({.key = "b", .unit = "TA0002A", .corrects = one->dossier_id})), Refusal::correction_invalid);
    EXPECT_EQ(refusal(accept({.key = "b", .agency = "07906", .corrects = one->case_code})), Refusal::correction_invalid);
    auto const next = accept({.key = "b", .corrects = one->dossier_id});
    ASSERT_TRUE(next.has_value()) << "refused, it kept no key";
    EXPECT_EQ(next->case_code, "00002.G/2026/00108");
}

TEST_P(JournalContract, NumbersWithoutGapsUnder200Concurrent)
{
    std::vector<PlainDossier> all(200);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].key = "k" + std::to_string(i);
        all[i].body = "<Hoso>" + std::to_string(i) + "</Hoso>";
        all[i].unit = "TA" + std::to_string(1000 + i % 7);
        all[i].agency = i % 2 ? "00108" : "07906";
    }
    std::set<std::string> codes;
    for (auto const& result : accept_all(all)) {
        ASSERT_TRUE(result.has_value()) << result.error().detail;
        EXPECT_TRUE(codes.insert(result->case_code).second) << result->case_code << " twice";
    }
    for (auto const* agency : {"00108", "07906"})
        for (int n = 1; n <= 100; ++n) {
            char code[32];
            std::snprintf(code, sizeof code, "%05d.G/2026/%s", n, agency);
            EXPECT_TRUE(codes.contains(code)) << code << " is missing";
        }
}

TEST_P(JournalContract, GivesOneCodeToARaceOfRepeats)
{
    std::vector<PlainDossier> all(50);
    auto const results = accept_all(all);
    std::set<std::string> codes, receipts;
    std::size_t fresh = 0;
    for (auto const& result : results) {
        ASSERT_TRUE(result.has_value()) << result.error().detail;
        codes.insert(result->case_code);
        receipts.insert(result->receipt.xml);
        if (!result->repeated) ++fresh;
    }
    EXPECT_EQ(codes, std::set<std::string>{"00001.G/2026/00108"});
    EXPECT_EQ(receipts.size(), 1u);
    EXPECT_EQ(fresh, 1u);
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, GivesARacedKeyToOneContentAlone)
{
    std::vector<PlainDossier> all(40);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].body = i % 2 ? "<Hoso>odd</Hoso>" : "<Hoso>even</Hoso>";
    auto const results = accept_all(all);
    std::size_t accepted = 0, reused = 0;
    for (auto const& result : results) {
        if (result.has_value()) ++accepted;
        else if (result.error().why == Refusal::key_reused) ++reused;
    }
    EXPECT_EQ(accepted, 20u);
    EXPECT_EQ(reused, 20u);
    EXPECT_EQ(subject_->dossiers(), 1);
}

TEST_P(JournalContract, RefusesAUnitOfAnotherOwnerAndTakesNoNumberForIt)
{
    ASSERT_TRUE(accept({.key = "a", .tax_code = "0101300842"}).has_value());
    EXPECT_EQ(refusal(accept({.key = "b", .tax_code = "0100109106"})), Refusal::unit_owner_mismatch);
    auto const next = accept({.key = "c", .tax_code = "0101300842"});
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->case_code, "00002.G/2026/00108");
    // The refused dossier kept no key: corrected, it may come again under the same one.
    auto const corrected = accept({.key = "b", .body = "<Hoso>corrected</Hoso>", .tax_code = "0101300842"});
    ASSERT_TRUE(corrected.has_value());
    EXPECT_FALSE(corrected->repeated);
    EXPECT_EQ(corrected->case_code, "00003.G/2026/00108");
}

TEST_P(JournalContract, AUnitBelongsToWhoeverFilesFirstEvenInARace)
{
    std::vector<PlainDossier> all(20);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].key = "k" + std::to_string(i);
        all[i].body = std::to_string(i);
        all[i].tax_code = i % 2 ? "0101300842" : "0100109106";
    }
    auto const results = accept_all(all);
    std::set<std::string> codes;
    std::set<std::size_t> winners;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].has_value()) {
            winners.insert(i % 2);
            codes.insert(results[i]->case_code);
        } else {
            EXPECT_EQ(results[i].error().why, Refusal::unit_owner_mismatch);
        }
    }
    EXPECT_EQ(winners.size(), 1u);
    EXPECT_EQ(codes.size(), 10u);
    EXPECT_TRUE(codes.contains("00010.G/2026/00108"));
}

TEST_P(JournalContract, TheSameUnitCodeAtAnotherAgencyIsAnotherUnit)
{
    EXPECT_TRUE(accept({.key = "a", .agency = "00108", .tax_code = "0101300842"}).has_value());
    EXPECT_TRUE(accept({.key = "b", .agency = "07906", .tax_code = "0100109106"}).has_value());
}

TEST_P(JournalContract, FollowersOfARefusedDossierGetTheirOwnTurn)
{
    ASSERT_TRUE(accept({.key = "a"}).has_value());
    // Same key twice at once: the first is of the wrong owner, the second is right.
    std::vector<PlainDossier> all(2);
    all[0] = {.key = "b", .body = "wrong", .tax_code = "0100109106"};
    all[1] = {.key = "b", .body = "right"};
    auto const results = accept_all(all);
    EXPECT_EQ(refusal(results[0]), Refusal::unit_owner_mismatch);
    ASSERT_TRUE(results[1].has_value()) << results[1].error().detail;
    EXPECT_FALSE(results[1]->repeated);
}

TEST_P(JournalContract, CountsEachYearOfVietnamFromOne)
{
    using namespace std::chrono_literals;
    auto const new_year = std::chrono::sys_days{2027y / 1 / 1} - 7h;  // midnight in Vietnam
    auto const before = accept({.key = "a", .at = new_year - 1ms});
    auto const after = accept({.key = "b", .at = new_year});
    ASSERT_TRUE(before.has_value() && after.has_value());
    EXPECT_EQ(before->case_code, "00001.G/2026/00108");
    EXPECT_EQ(after->case_code, "00001.G/2027/00108");
}

TEST_P(JournalContract, FindsWhatWasStoredUnderAKey)
{
    auto const stored = accept({});
    ASSERT_TRUE(stored.has_value());
    auto const sha = signing::hex(signing::sha256(PlainDossier{}.body));
    auto const found = support::run_task(context_, subject_->journal().find("THAISON", "key-1", sha, soon()));
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_TRUE((*found)->repeated);
    EXPECT_EQ((*found)->receipt.xml, stored->receipt.xml);
    EXPECT_EQ((*found)->receipt.json, stored->receipt.json);

    auto const nothing = support::run_task(context_, subject_->journal().find("THAISON", "key-2", sha, soon()));
    ASSERT_TRUE(nothing.has_value());
    EXPECT_FALSE(nothing->has_value());
    auto const foreign = support::run_task(context_, subject_->journal().find("VNPT", "key-1", sha, soon()));
    ASSERT_TRUE(foreign.has_value());
    EXPECT_FALSE(foreign->has_value()) << "another provider's key";
    auto const other = support::run_task(context_, subject_->journal().find("THAISON", "key-1", std::string(64, '0'), soon()));
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().why, Refusal::key_reused);
}

TEST_P(JournalContract, GivesEveryAcceptedAndEveryRefusedDossierAPlaceInTheLogAndNoPlaceToAnythingElse)
{
    auto const place_in = [](Stored const& stored) {
        auto const begin = stored.receipt.xml.find("<ViTriNhatKy>") + 13;
        return std::stoull(stored.receipt.xml.substr(begin, stored.receipt.xml.find('<', begin) - begin));
    };
    auto const refuse = [&](std::string const& body) {
        store::RefusalRecord record;
        record.provider = "THAISON";
        record.body = body;
        record.content_sha256 = signing::hex(signing::sha256(body));
        record.fault_id = "GW-3001";
        record.problem = "{}";
        record.at = PlainDossier{}.at;
        ASSERT_TRUE(support::run_task(context_, subject_->journal().refuse(std::move(record), soon())).has_value());
    };
    auto const first = accept({.key = "a"});
    refuse("broken");
    ASSERT_TRUE(accept({.key = "a"}).has_value());
    EXPECT_EQ(refusal(accept({.key = "a", .body = "other"})), Refusal::key_reused);
    EXPECT_EQ(refusal(accept({.key = "b", .body = PlainDossier{.key = "a"}.body})), Refusal::duplicate);
    EXPECT_EQ(refusal(accept({.key = "c", .tax_code = "0100109106"})), Refusal::unit_owner_mismatch);
    key_away = true;
    EXPECT_EQ(refusal(accept({.key = "d"})), Refusal::unavailable);
    key_away = false;
    refuse("broken again");
    auto const last = accept({.key = "d"});
    ASSERT_TRUE(first.has_value() && last.has_value());
    EXPECT_EQ(place_in(*first), 0u);
    EXPECT_EQ(place_in(*last), 3u);
    EXPECT_EQ(subject_->refusal_places(), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(subject_->places(), (std::map<std::string, std::uint64_t>{{first->dossier_id, 0}, {last->dossier_id, 3}}));
}

TEST_P(JournalContract, PlacesInTheLogAreWithoutGapsAndNoneIsGivenTwiceUnder100Concurrent)
{
    std::vector<PlainDossier> all;
    for (int i = 0; i < 100; ++i) all.push_back({.key = "k" + std::to_string(i), .agency = i % 2 == 0 ? "00108" : "07906"});
    for (auto const& result : accept_all(all)) ASSERT_TRUE(result.has_value()) << result.error().detail;
    std::set<std::uint64_t> places;
    for (auto const& [id, place] : subject_->places()) places.insert(place);
    ASSERT_EQ(places.size(), 100u);
    EXPECT_EQ(*places.rbegin(), 99u);
}

TEST_P(JournalContract, KeepsRefusals)
{
    store::RefusalRecord record;
    record.provider = "THAISON";
    record.idempotency_key = "k";
    record.content_sha256 = std::string(64, 'a');
    record.body = "<Hoso>broken";
    record.fault_id = "GW-3001";
    record.problem = "{}";
    record.at = PlainDossier{}.at;
    record.trace_id = std::string(32, 'a');
    EXPECT_TRUE(support::run_task(context_, subject_->journal().refuse(record, soon())).has_value());
    record.content_sha256 = "";  // a body that was never read
    record.body = "";
    record.fault_id = "GW-1004";
    EXPECT_TRUE(support::run_task(context_, subject_->journal().refuse(record, soon())).has_value());
    EXPECT_EQ(subject_->refusals(), (std::vector<std::string>{"GW-3001", "GW-1004"}));
    EXPECT_EQ(subject_->dossiers(), 0);
}

TEST_P(JournalContract, StoresNothingAfterTheDeadline)
{
    auto const past = runtime::Deadline::after(std::chrono::milliseconds{0});
    auto const late = support::run_task(context_, subject_->accept_row(row_of({}), past));
    EXPECT_EQ(refusal(late), Refusal::deadline_passed);
    EXPECT_EQ(subject_->dossiers(), 0);
    auto const now = accept({});
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(now->case_code, "00001.G/2026/00108");
}

TEST_P(JournalContract, KeepsEveryByteOfTextItIsGiven)
{
    PlainDossier plain;
    plain.key = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    plain.unit = "Đ'V\"1{}\\,NULL";
    plain.body = std::string("\0\1\2\xff", 4) + "binary \r\n";
    auto const first = accept(plain);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    auto const again = accept(plain);
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->receipt.xml, first->receipt.xml);
}

TEST_P(JournalContract, StoresNothingWithoutAReceiptAndGoesOnWhenTheKeyIsBack)
{
    ASSERT_TRUE(accept({}).has_value());
    key_away = true;
    std::vector<PlainDossier> waiting(3);
    for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i] = {.key = "away-" + std::to_string(i)};
    for (auto const& result : accept_all(waiting)) EXPECT_EQ(refusal(result), Refusal::unavailable);
    store::RefusalRecord record;
    record.provider = "THAISON";
    record.fault_id = "GW-2001";
    record.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    EXPECT_TRUE(support::run_task(context_, subject_->journal().refuse(record, soon())).has_value()) << "a refusal needs no receipt";
    EXPECT_TRUE(accept({})->repeated) << "what was promised before is still answered";
    EXPECT_EQ(subject_->dossiers(), 1);
    key_away = false;
    auto const back = accept(waiting[1]);
    ASSERT_TRUE(back.has_value()) << back.error().detail;
    EXPECT_EQ(back->case_code, "00002.G/2026/00108") << "no number was lost";
}

TEST_P(JournalContract, TakesRealEvidenceAllTheWay)
{
    support::Filer filer;
    auto const bytes = filer.dossier();
    auto const first = support::run_task(context_, subject_->journal().accept(filer.acceptance(bytes, "real-1"), soon()));
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_THAT(first->receipt.xml, testing::HasSubstr("<SHA256>" + signing::hex(signing::sha256(bytes)) + "</SHA256>"));
    auto const again = support::run_task(context_, subject_->journal().accept(filer.acceptance(bytes, "real-1"), soon()));
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->receipt.xml, first->receipt.xml);
    auto const other = support::run_task(context_, subject_->journal().accept(filer.acceptance(filer.dossier(), "real-1"), soon()));
    EXPECT_EQ(refusal(other), Refusal::key_reused);
}

INSTANTIATE_TEST_SUITE_P(Every, JournalContract, testing::Values(Kind::memory, Kind::postgres), [](auto const& tested) {
    return tested.param == Kind::memory ? std::string{"Memory"} : std::string{"Postgres"};
});

}  // namespace
