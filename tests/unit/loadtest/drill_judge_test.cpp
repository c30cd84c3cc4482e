// The judge of drills: each kind of harm planted, and found under its own name.

#include "loadtest/drill/judge.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace loadtest::drill;

runtime::Instant const begin{std::chrono::hours{24 * 365 * 56}};

// Three dossiers of one unit, filed, stored and handed over as they should be.
struct Lists {
    std::vector<Entry> ledger;
    std::vector<Row> rows;
    std::vector<Taken> record;
    std::vector<Fault> faults;

    Lists()
    {
        for (int n = 1; n <= 3; ++n) {
            auto const key = fmt::format("run-{}", n), content = fmt::format("content {}", n), id = fmt::format("id {}", n);
            auto const code = fmt::format("{:05}.G/2026/00108", n), xml = fmt::format("xml {}", n), json = fmt::format("json {}", n);
            bool const as_xml = n % 2 == 1;
            ledger.push_back({begin + n * 1s, key, content, id, code, "TA0001A", "00108", as_xml ? xml : json, as_xml});
            rows.push_back({key, content, id, code, content, xml, json, {}});
            record.push_back({begin + n * 1s + 100ms, Taken::As::fresh, key, code, id, content, "TA0001A", "00108"});
        }
    }
    [[nodiscard]] Verdict verdict() const { return judge(ledger, rows, record, faults); }
};

}  // namespace

TEST(DrillJudge, FindsNothingWhereThreeListsAgree)
{
    auto const verdict = Lists{}.verdict();
    EXPECT_TRUE(verdict.good());
    EXPECT_EQ(verdict.accepted, 3u);
    EXPECT_EQ(verdict.stored, 3u);
    EXPECT_EQ(verdict.delivered, 3u);
    EXPECT_TRUE(verdict.words.empty());
}

TEST(DrillJudge, CallsNothingGoodWhereNothingWasFiled)
{
    EXPECT_FALSE(judge({}, {}, {}, {}).good());
}

TEST(DrillJudge, FindsAReceiptWithoutARow)
{
    Lists lists;
    lists.rows.pop_back();
    lists.record.pop_back();
    auto const verdict = lists.verdict();
    EXPECT_EQ(verdict.lost, 1u);
    EXPECT_FALSE(verdict.good());
}

TEST(DrillJudge, FindsADossierThatTheBackendNeverGot)
{
    Lists lists;
    lists.record.erase(lists.record.begin());
    EXPECT_EQ(lists.verdict().lost, 1u);
}

TEST(DrillJudge, FindsARowThatNobodyHasAReceiptFor)
{
    Lists lists;
    lists.ledger.erase(lists.ledger.begin() + 1);
    auto const verdict = lists.verdict();
    EXPECT_EQ(verdict.unheard, 1u);
    EXPECT_FALSE(verdict.good());
}

TEST(DrillJudge, FindsOneContentStoredTwiceUnderTwoKeys)
{
    Lists lists;
    auto again = lists.rows[0];
    again.key = "run-4";
    again.dossier_id = "id 4";
    again.case_code = "00004.G/2026/00108";
    lists.rows.push_back(again);
    EXPECT_EQ(lists.verdict().doubled, 1u);
}

TEST(DrillJudge, FindsOneCaseCodeGivenTwice)
{
    Lists lists;
    lists.rows[2].case_code = lists.rows[1].case_code;
    EXPECT_GE(lists.verdict().doubled, 1u);
}

TEST(DrillJudge, FindsADossierThatTheBackendTookTwiceAsNew)
{
    Lists lists;
    lists.record.push_back(lists.record[2]);
    EXPECT_EQ(lists.verdict().doubled, 1u);
}

TEST(DrillJudge, TakesARepeatThatTheBackendRecognisedForNoHarm)
{
    Lists lists;
    lists.record.push_back(lists.record[0]);
    lists.record.back().as = Taken::As::again;
    auto const verdict = lists.verdict();
    EXPECT_TRUE(verdict.good());
    EXPECT_EQ(verdict.handed_over, 4u);
}

TEST(DrillJudge, FindsAReceiptThatIsNotTheStoredOne)
{
    for (std::size_t n : {0u, 1u}) {  // one as XML, one as JSON
        Lists lists;
        lists.ledger[n].receipt_sha256 = "another";
        EXPECT_EQ(lists.verdict().differences, 1u) << n;
    }
}

TEST(DrillJudge, FindsAnotherCodeThanTheReceiptsAndOtherBytesThanTheContents)
{
    Lists code;
    code.ledger[0].case_code = "00009.G/2026/00108";
    EXPECT_EQ(code.verdict().differences, 1u);
    Lists bytes;
    bytes.rows[0].body_sha256 = "other bytes";
    EXPECT_EQ(bytes.verdict().differences, 1u);
    Lists handed;
    handed.record[1].content_sha256 = "other bytes";
    EXPECT_EQ(handed.verdict().differences, 1u);
    Lists signature;
    signature.rows[2].trouble = "the signature is wrong";
    EXPECT_EQ(signature.verdict().differences, 1u);
}

TEST(DrillJudge, CountsEveryNumberThatNobodyHas)
{
    Lists lists;
    auto const jump = [&](std::string const& code) {
        lists.ledger[2].case_code = lists.rows[2].case_code = lists.record[2].case_code = code;
    };
    jump("00006.G/2026/00108");
    EXPECT_EQ(lists.verdict().gaps, 3u);
    EXPECT_FALSE(lists.verdict().good());
    jump("00001.G/2026/00200");  // another agency counts for itself
    EXPECT_EQ(lists.verdict().gaps, 0u);
}

TEST(DrillJudge, FindsAUnitsDossiersOutOfOrder)
{
    Lists lists;
    std::swap(lists.record[0], lists.record[1]);
    EXPECT_EQ(lists.verdict().disorder, 1u);
    lists.record[0].unit_code = "TA0002B";  // of another unit: no order is promised between them
    EXPECT_EQ(lists.verdict().disorder, 0u);
}

TEST(DrillJudge, FindsTwoOfOneUnitUnderWayAtOnce)
{
    Lists lists;
    lists.record.push_back(lists.record[1]);
    lists.record.back().as = Taken::As::overlap;
    auto const verdict = lists.verdict();
    EXPECT_EQ(verdict.overlaps, 1u);
    EXPECT_FALSE(verdict.good());
}

TEST(DrillJudge, TakesOnlyWhatWasRefusedOutOfItsUnitsOrder)
{
    Lists lists;
    auto late = lists.record[0];
    lists.record[0].as = Taken::As::refused;
    lists.record.push_back(late);  // a person put it back
    auto verdict = lists.verdict();
    EXPECT_TRUE(verdict.good());
    EXPECT_EQ(verdict.set_apart, 1u);
    std::swap(lists.record[1], lists.record[2]);
    EXPECT_EQ(lists.verdict().disorder, 1u) << "the others keep theirs";
    lists.record.pop_back();
    EXPECT_EQ(lists.verdict().lost, 1u) << "what was refused and never taken is lost";
}

TEST(DrillJudge, MeasuresRecoveryFromAFaultsEndToTheNextReceipt)
{
    Lists lists;
    lists.faults = {{"one", begin, begin + 1500ms}, {"two", begin + 2s, begin + 2100ms}, {"the last", begin + 3s, begin + 9s}};
    auto const verdict = lists.verdict();
    ASSERT_TRUE(verdict.recover_s);
    EXPECT_DOUBLE_EQ(*verdict.recover_s, 0.9) << "the longest; after the last there was nothing to receipt";
}
