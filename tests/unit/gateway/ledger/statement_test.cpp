#include "gateway/ledger/statement.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ledger::Refusal;
using ledger::Statement;
using ledger::StatementLine;

constexpr std::chrono::sys_days day = std::chrono::year{2026} / 11 / 22;
constexpr auto filed = std::chrono::sys_time<std::chrono::microseconds>{day} + 5h + 123456us;

StatementLine accepted()
{
    return {100'001, "key-1", ledger::Accepted{"019abc00-0000-7000-8000-000000000001", "00001.G/2026/00108", signing::sha256("body"), signing::sha256("receipt"), filed, "THAISON"}};
}
StatementLine refused() { return {100'002, "", ledger::Refused{"GW-3012", std::nullopt, "THAISON", filed}}; }

Statement statement()
{
    Statement out;
    out.log = "hub.example/2026";
    out.provider = "THAISON";
    out.day = day;
    out.closed = true;
    out.from = 100'000;
    out.size = 123'456;
    out.root = signing::sha256("root");
    out.accepted = 20'000;
    out.refused = {{"GW-2010", 3}, {"GW-3012", 47}};
    out.entries = signing::sha256("");
    out.at = day + 17h + 10min + 123ms;
    out.key_id = signing::sha256("key");
    return out;
}

TEST(Statement, HasTheTextThatItsHeaderDescribes)
{
    EXPECT_EQ(*ledger::canonical_statement(statement()),
              "IVAN-Hub statement 1\n"
              "log hub.example/2026\n"
              "provider THAISON\n"
              "day 2026-11-22\n"
              "state closed\n"
              "from 100000\n"
              "size 123456\n"
              "root 4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2\n"
              "accepted 20000\n"
              "refused 50\n"
              "code GW-2010 3\n"
              "code GW-3012 47\n"
              "entries e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
              "time 2026-11-22T17:10:00.123Z\n"
              "key 2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\n");
}

TEST(Statement, IsReadAsItWasWritten)
{
    auto empty = statement();
    empty.closed = false;
    empty.from = empty.size = empty.accepted = 0;
    empty.root = ledger::empty_root();
    empty.refused = {};
    auto full = statement();
    full.log = std::string(100, 'x');
    full.provider = std::string(ledger::provider_bytes_max, 'P');
    full.size = ledger::size_max;
    full.refused = {};
    for (std::size_t i = 0; i < ledger::statement_codes_max; ++i) full.refused[std::to_string(i) + std::string(32 - std::to_string(i).size(), 'x')] = 10'000'000'000'000'000;
    for (auto const& each : {statement(), empty, full}) {
        auto const text = ledger::canonical_statement(each);
        ASSERT_TRUE(text.has_value()) << text.error().detail;
        EXPECT_LE(text->size(), ledger::statement_bytes_max);
        auto const read = ledger::read_statement(*text);
        ASSERT_TRUE(read.has_value()) << read.error().detail;
        EXPECT_EQ(*read, each);
    }
}

TEST(Statement, OutOfBoundsIsNeitherWrittenNorRead)
{
    std::vector<std::function<void(Statement&)>> const wrong{
        [](auto& s) { s.log = "Hub"; },
        [](auto& s) { s.provider = ""; },
        [](auto& s) { s.provider = "THAI\nSON"; },
        [](auto& s) { s.provider = "THAI SON"; },
        [](auto& s) { s.from = s.size + 1; },
        [](auto& s) { s.size = ledger::size_max + 1; },
        [](auto& s) { s.accepted = s.size; },
        [](auto& s) { s.accepted = ~std::uint64_t{0}; },
        [](auto& s) { s.refused["GW-1001"] = 0; },
        [](auto& s) { s.refused["GW 1001"] = 1; },
        [](auto& s) { s.refused["GW-1001"] = ~std::uint64_t{0} - 10; },
        [](auto& s) { s.at = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}; },
        [](auto& s) { s.day = std::chrono::sys_days{std::chrono::year{1969} / 1 / 1}; },
    };
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        auto bad = statement();
        wrong[i](bad);
        auto const text = ledger::canonical_statement(bad);
        ASSERT_FALSE(text.has_value()) << i;
        EXPECT_EQ(text.error().why, Refusal::field_wrong);
    }
}

TEST(Statement, AnotherTextOfTheSameValuesIsRefused)
{
    auto const text = *ledger::canonical_statement(statement());
    auto const changed = [&](std::string const& from, std::string const& to) {
        auto out = text;
        out.replace(out.find(from), from.size(), to);
        return out;
    };
    for (auto const& other : {changed("size 1", "size 01"), changed("statement 1", "statement 2"), changed("refused 50", "refused 51"), changed("closed", "open"),
                              changed("code GW-2010 3\ncode GW-3012 47\n", "code GW-3012 47\ncode GW-2010 3\n"), changed("code GW-2010 3\n", "code GW-2010 3\ncode GW-2010 3\n"),
                              changed("root 48", "root 4F"), changed("2026-11-22\n", "2026-11-2\n"), changed("2026-11-22\n", "2026-13-22\n"),
                              changed("provider THAISON\n", ""), text + "\n", text.substr(0, text.size() - 1), std::string{}})
        EXPECT_FALSE(ledger::read_statement(other).has_value()) << other;
}

TEST(StatementLine, HasTheTextThatTheHeaderDescribes)
{
    EXPECT_EQ(*ledger::written_line(accepted()), "accepted 100001 2026-11-22T05:00:00.123456Z " + signing::hex(signing::sha256("body")) +
                                                     " key-1 019abc00-0000-7000-8000-000000000001 00001.G/2026/00108 " + signing::hex(signing::sha256("receipt")) + "\n");
    EXPECT_EQ(*ledger::written_line(refused()), "refused 100002 2026-11-22T05:00:00.123456Z - - GW-3012\n");
}

TEST(StatementLine, EveryKeyAndCodeIsReadAsItWasWritten)
{
    for (std::string const& word : {std::string{"-"}, std::string{"--"}, std::string{"100%"}, std::string{"a b"}, std::string{"%2D"}, std::string{"một\n\x7f"}, std::string(200, '\0')}) {
        auto line = accepted();
        line.idempotency_key = word;
        std::get<ledger::Accepted>(line.entry).case_code = word;
        auto const text = ledger::written_line(line);
        ASSERT_TRUE(text.has_value());
        EXPECT_LE(text->size(), ledger::statement_line_bytes_max);
        EXPECT_EQ(std::count(text->begin(), text->end(), ' '), 7);
        auto const read = ledger::read_line(text->substr(0, text->size() - 1), "THAISON");
        ASSERT_TRUE(read.has_value()) << *text;
        EXPECT_EQ(*read, line);
    }
    auto const text = *ledger::written_line(refused());
    EXPECT_EQ(*ledger::read_line(text.substr(0, text.size() - 1), "THAISON"), refused());
}

TEST(StatementLine, IsTheLogsEntry)
{
    auto const text = *ledger::written_line(accepted());
    auto const read = ledger::read_line(text.substr(0, text.size() - 1), "THAISON");
    EXPECT_EQ(ledger::leaf_hash(*ledger::bytes_of(read->entry)), ledger::leaf_hash(*ledger::bytes_of(accepted().entry)));
}

TEST(StatementLine, AnotherTextIsRefused)
{
    auto const whole = *ledger::written_line(accepted());
    auto const text = whole.substr(0, whole.size() - 1);
    auto const changed = [&](std::string const& from, std::string const& to) {
        auto out = text;
        out.replace(out.find(from), from.size(), to);
        return out;
    };
    for (auto const& other : {whole, text + " ", " " + text, changed("accepted ", "refused "), changed("accepted", "Accepted"), changed("100001", "+100001"),
                              changed("key-1", "key%2d1"), changed("key-1", ""), changed("key-1", "%4"), changed("00001.G", "%30%30001.G"), changed("019abc", "019ABC"),
                              changed("123456Z", "12345Z"), std::string{"accepted"}, std::string{}})
        EXPECT_FALSE(ledger::read_line(other, "THAISON").has_value()) << other;
    EXPECT_FALSE(ledger::read_line(text, "").has_value()) << "no provider's";
}

TEST(StatementLine, BelongsToTheDayItWasFiledInVietnam)
{
    auto const at = [](std::uint64_t index, auto time) { return StatementLine{index, "k", ledger::Refused{"GW-3012", std::nullopt, "THAISON", time}}; };
    auto const begins = std::chrono::sys_time<std::chrono::microseconds>{day} - 7h;
    EXPECT_TRUE(ledger::belongs(at(5, begins), day, 10, 100)) << "in the log before the day before was closed";
    EXPECT_TRUE(ledger::belongs(at(50, begins + 24h - 1us), day, 10, 100));
    EXPECT_FALSE(ledger::belongs(at(50, begins + 24h), day, 10, 100)) << "the next day's";
    EXPECT_FALSE(ledger::belongs(at(100, begins), day, 10, 100)) << "it came later";
    EXPECT_FALSE(ledger::belongs(at(9, begins - 1us), day, 10, 100)) << "in the statement of the day before";
    EXPECT_TRUE(ledger::belongs(at(10, begins - 1us), day, 10, 100)) << "which could not list it";
}

TEST(StatementTally, CountsAndHashesWhatItWasGiven)
{
    ledger::StatementTally tally;
    std::string all;
    for (auto const& line : {accepted(), refused(), refused()}) {
        auto const text = *ledger::written_line(line);
        tally.add(line, text);
        all += text;
    }
    auto made = statement();
    tally.finish(made);
    EXPECT_EQ(made.accepted, 1u);
    EXPECT_EQ(made.refused, (std::map<std::string, std::uint64_t>{{"GW-3012", 2}}));
    EXPECT_EQ(made.entries, signing::sha256(all));
    tally.finish(made);
    EXPECT_EQ(made.accepted, 0u) << "it begins anew";
    EXPECT_EQ(made.entries, signing::sha256(""));
}

}  // namespace
