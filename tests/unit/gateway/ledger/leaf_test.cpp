#include "gateway/ledger/leaf.hpp"

#include "tests/unit/gateway/ledger/known.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace {

using namespace std::chrono_literals;
using ledger::Accepted;
using ledger::Entry;
using ledger::Refusal;
using ledger::Refused;

Accepted accepted()
{
    return {"01a20088-882c-7477-af3e-e369f3a9162e", "00501.G/2026/00108", signing::sha256("envelope"), signing::sha256("receipt"),
            ledger::Time{1'795'000'000'123'456us}, "THAISON"};
}

Refused refused() { return {"GW-2001", signing::sha256("envelope"), "VNPT", ledger::Time{1'795'000'000'123'456us}}; }

// The layout is for ever: these octets were put together by hand from the header's description.
TEST(Entry, HasTheOctetsThatItsHeaderDescribes)
{
    std::string const time{"\x00\x06\x60\x8b\x01\x61\x12\x40", 8};
    std::string const content{signing::bytes_of_hex(signing::hex(signing::sha256("envelope")))};
    std::string const receipt{signing::bytes_of_hex(signing::hex(signing::sha256("receipt")))};
    EXPECT_EQ(*ledger::bytes_of(accepted()), std::string("\x01\x01", 2) + time + std::string("\x00\x24", 2) +
                                                 "01a20088-882c-7477-af3e-e369f3a9162e" + std::string("\x00\x12", 2) + "00501.G/2026/00108" +
                                                 std::string("\x00\x20", 2) + content + std::string("\x00\x20", 2) + receipt +
                                                 std::string("\x00\x07", 2) + "THAISON");
    EXPECT_EQ(*ledger::bytes_of(refused()), std::string("\x01\x02", 2) + time + std::string("\x00\x07", 2) + "GW-2001" +
                                                std::string("\x00\x20", 2) + content + std::string("\x00\x04", 2) + "VNPT");
}

TEST(Entry, IsReadAsItWasWritten)
{
    auto unread = refused();
    unread.content_sha256.reset();
    auto stranger = unread;
    stranger.provider.clear();
    auto early = accepted();
    early.received_at = ledger::Time{-1us};
    auto longest = accepted();
    longest.case_code.assign(ledger::case_code_bytes_max, 'x');
    longest.provider.assign(ledger::provider_bytes_max, 'y');
    for (Entry const& entry : std::initializer_list<Entry>{accepted(), refused(), unread, stranger, early, longest}) {
        auto const bytes = ledger::bytes_of(entry);
        ASSERT_TRUE(bytes.has_value());
        EXPECT_LE(bytes->size(), ledger::entry_bytes_max);
        auto const read = ledger::read_entry(*bytes);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, entry);
    }
    EXPECT_EQ(ledger::bytes_of(longest)->size(), ledger::entry_bytes_max);
}

TEST(Entry, HasOctetsOfItsOwnForEveryChangeOfAField)
{
    std::vector<std::function<void(Accepted&)>> const changes{
        [](Accepted& a) { a.dossier_id.back() = 'f'; },
        [](Accepted& a) { a.case_code += '1'; },
        [](Accepted& a) { a.case_code = "00501.G/2026/0010", a.provider = "8THAISON"; },  // the same characters, another border
        [](Accepted& a) { a.content_sha256[31] ^= 1; },
        [](Accepted& a) { a.receipt_sha256[0] ^= 0x80; },
        [](Accepted& a) { std::swap(a.content_sha256, a.receipt_sha256); },
        [](Accepted& a) { a.received_at += 1us; },
        [](Accepted& a) { a.provider = "EFY"; },
    };
    std::set<std::string> seen{*ledger::bytes_of(accepted()), *ledger::bytes_of(refused())};
    for (auto const& change : changes) {
        auto entry = accepted();
        change(entry);
        EXPECT_TRUE(seen.insert(*ledger::bytes_of(entry)).second);
    }
    std::vector<std::function<void(Refused&)>> const others{
        [](Refused& r) { r.fault_id = "GW-2002"; },
        [](Refused& r) { r.content_sha256.reset(); },
        [](Refused& r) { r.content_sha256 = ledger::Hash{}; },  // not the same as none
        [](Refused& r) { r.provider.clear(); },
        [](Refused& r) { r.at -= 1us; },
    };
    for (auto const& change : others) {
        auto entry = refused();
        change(entry);
        EXPECT_TRUE(seen.insert(*ledger::bytes_of(entry)).second);
    }
}

TEST(Entry, OutsideItsBoundsIsNeitherWrittenNorRead)
{
    std::vector<std::function<void(Accepted&)>> const changes{
        [](Accepted& a) { a.dossier_id.clear(); },
        [](Accepted& a) { a.dossier_id[0] = 'A'; },
        [](Accepted& a) { a.dossier_id[8] = '0'; },
        [](Accepted& a) { a.dossier_id += '0'; },
        [](Accepted& a) { a.case_code.clear(); },
        [](Accepted& a) { a.case_code.assign(ledger::case_code_bytes_max + 1, 'x'); },
        [](Accepted& a) { a.provider.clear(); },
        [](Accepted& a) { a.provider.assign(ledger::provider_bytes_max + 1, 'x'); },
    };
    for (auto const& change : changes) {
        auto entry = accepted();
        change(entry);
        EXPECT_EQ(ledger::bytes_of(entry).error().why, Refusal::field_wrong);
    }
    auto entry = refused();
    entry.fault_id.clear();
    EXPECT_EQ(ledger::bytes_of(entry).error().why, Refusal::field_wrong);
    entry = refused();
    entry.provider.assign(ledger::provider_bytes_max + 1, 'x');
    EXPECT_EQ(ledger::bytes_of(entry).error().why, Refusal::field_wrong);

    auto bytes = *ledger::bytes_of(accepted());
    bytes[12] = 'A';  // the id's first digit
    EXPECT_EQ(ledger::read_entry(bytes).error().why, Refusal::field_wrong);
}

// Nothing that is read has two texts: whatever octet is changed, it is refused or is another entry.
TEST(Entry, IsRefusedOrAnotherWithAnyOctetChangedAddedOrGone)
{
    for (Entry const& entry : std::initializer_list<Entry>{accepted(), refused()}) {
        auto const bytes = *ledger::bytes_of(entry);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            EXPECT_FALSE(ledger::read_entry(bytes.substr(0, at)).has_value()) << at;
            for (int to = 1; to < 256; ++to) {
                auto changed = bytes;
                changed[at] = static_cast<char>(changed[at] ^ to);
                auto const read = ledger::read_entry(changed);
                if (!read) continue;
                EXPECT_NE(*read, entry) << at;
                EXPECT_EQ(*ledger::bytes_of(*read), changed) << at;
            }
        }
        EXPECT_EQ(ledger::read_entry(bytes + '\0').error().why, Refusal::bytes_wrong);
        EXPECT_EQ(ledger::read_entry('\x02' + bytes.substr(1)).error().why, Refusal::bytes_wrong);
    }
    EXPECT_EQ(ledger::read_entry({}).error().why, Refusal::bytes_wrong);
}

}  // namespace
