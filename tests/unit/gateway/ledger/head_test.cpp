#include "gateway/ledger/head.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ledger::Refusal;
using ledger::TreeHead;

TreeHead head()
{
    return {"hub.example/2026", 123456, signing::sha256("root"), std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 5h + 45min + 123ms,
            signing::sha256("key")};
}

TEST(TreeHead, HasTheTextThatItsHeaderDescribes)
{
    EXPECT_EQ(*ledger::canonical_head(head()),
              "IVAN-Hub tree head 1\n"
              "log hub.example/2026\n"
              "size 123456\n"
              "root 4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2\n"
              "time 2026-11-22T05:45:00.123Z\n"
              "key 2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\n");
}

TEST(TreeHead, IsReadAsItWasWritten)
{
    TreeHead empty{"log", 0, ledger::empty_root(), {}, {}};
    TreeHead last{std::string(ledger::log_name_bytes_max, 'x'), ledger::size_max, signing::sha256("root"),
                  std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - 1ms, signing::sha256("key")};
    for (auto const& each : {head(), empty, last}) {
        auto const text = ledger::canonical_head(each);
        ASSERT_TRUE(text.has_value());
        EXPECT_LE(text->size(), ledger::head_bytes_max);
        auto const read = ledger::read_head(*text);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, each);
    }
}

TEST(TreeHead, OutsideItsBoundsIsNeitherWrittenNorRead)
{
    std::vector<std::function<void(TreeHead&)>> const changes{
        [](TreeHead& h) { h.log.clear(); },
        [](TreeHead& h) { h.log.assign(ledger::log_name_bytes_max + 1, 'x'); },
        [](TreeHead& h) { h.log = "two\nlines"; },
        [](TreeHead& h) { h.log = "Hub"; },
        [](TreeHead& h) { h.size = ledger::size_max + 1; },
        [](TreeHead& h) { h.size = 0; },
        [](TreeHead& h) { h.at = {}, h.at -= 1ms; },
        [](TreeHead& h) { h.at = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}; },
    };
    for (auto const& change : changes) {
        auto other = head();
        change(other);
        EXPECT_EQ(ledger::canonical_head(other).error().why, Refusal::field_wrong);
    }
}

// One head, one text: whatever octet is changed, the text is refused or is another head's.
TEST(TreeHead, IsRefusedOrAnotherWithAnyOctetChangedAddedOrGone)
{
    auto const text = *ledger::canonical_head(head());
    for (std::size_t at = 0; at < text.size(); ++at) {
        EXPECT_FALSE(ledger::read_head(text.substr(0, at)).has_value()) << at;
        EXPECT_FALSE(ledger::read_head(text.substr(0, at) + text.substr(at + 1)).has_value() && (text[at] == '\n' || text[at] == ' ')) << at;
        for (int to = 1; to < 256; ++to) {
            auto changed = text;
            changed[at] = static_cast<char>(changed[at] ^ to);
            auto const read = ledger::read_head(changed);
            if (!read) continue;
            EXPECT_NE(*read, head()) << at;
            EXPECT_EQ(*ledger::canonical_head(*read), changed) << at;
        }
    }
    EXPECT_FALSE(ledger::read_head(text + "\n").has_value());
    EXPECT_FALSE(ledger::read_head(text + text).has_value());
}

TEST(TreeHead, HasNoSecondSpelling)
{
    auto const text = *ledger::canonical_head(head());
    auto const with = [&](std::string_view what, std::string_view other) {
        auto changed = text;
        return changed.replace(changed.find(what), what.size(), other);
    };
    for (auto const& other : {with("size 123456", "size 0123456"), with("size 123456", "size +123456"), with("size 123456", "size  123456"),
                              with("size 123456", "size 123456 "), with("size 123456", "size 18446744073709551616"), with("4813494d", "4813494D"),
                              with(".123Z", ".1234Z"), with("05:45:00", "05:44:60"), with("05:45:00", "04:105:0"), with("2026-11-22", "2026-11-31"),
                              with("T05", "t05"), with("Z\n", "z\n"), with("log ", "Log "), with("\nlog", "\r\nlog"), with("head 1", "head 2")})
        EXPECT_FALSE(ledger::read_head(other).has_value()) << other;
}

}  // namespace
