// The header of a kept file: what was written is read again, and a line that nobody wrote so is not taken.

#include "gateway/revocation/kept.hpp"

#include <gtest/gtest.h>

namespace {

using revocation::Kept;
using revocation::Kind;

Kept piece()
{
    return {Kind::crl, "http://ca.example.vn/ca.crl", {"\"e\\1\"", "Sat, 21 Nov 2026 09:00:00 GMT"}, revocation::Instant{std::chrono::seconds{1'795'000'000}},
            std::string{"bytes\nof\0it", 11}};
}

std::string with(std::string_view from, std::string_view to)
{
    auto text = revocation::kept_header("k", piece()) + "bytes";
    auto const at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Kept, WhatWasWrittenIsReadAgain)
{
    for (auto const kind : {Kind::crl, Kind::delta, Kind::ocsp}) {
        auto written = piece();
        written.kind = kind;
        auto const read = revocation::read_kept(revocation::kept_header("crl:http://ca.example.vn/ca.crl", written) + written.bytes);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->key, "crl:http://ca.example.vn/ca.crl");
        EXPECT_EQ(read->piece.kind, kind);
        EXPECT_EQ(read->piece.url, written.url);
        EXPECT_EQ(read->piece.version.etag, written.version.etag);
        EXPECT_EQ(read->piece.version.last_modified, written.version.last_modified);
        EXPECT_EQ(read->piece.fetched_at, written.fetched_at);
        EXPECT_EQ(read->piece.bytes, written.bytes);
    }
}

TEST(Kept, ALineNobodyWroteSoIsNotTaken)
{
    ASSERT_TRUE(revocation::read_kept(with("bytes", "bytes")).has_value());
    EXPECT_FALSE(revocation::read_kept("").has_value());
    EXPECT_FALSE(revocation::read_kept("\n").has_value());
    EXPECT_FALSE(revocation::read_kept("[1]\nbytes").has_value());
    EXPECT_FALSE(revocation::read_kept(with("\n", " ")).has_value()) << "no end of the line";
    EXPECT_FALSE(revocation::read_kept(with("\"k\"", "\"\"")).has_value()) << "no key";
    EXPECT_FALSE(revocation::read_kept(with("\"crl\"", "\"list\"")).has_value()) << "a kind there is not";
    EXPECT_FALSE(revocation::read_kept(with("{", "{\"x\":\"" + std::string(revocation::kept_header_bytes_max, 'x') + "\",")).has_value()) << "too long";
}

TEST(Kept, ATimeThatCannotBeIsNotTakenSoThatNoSumOverflows)
{
    for (auto const* time : {"9223372036854775807", "-9223372036854775808", "-1", "9300000000", "1.5", "\"now\"", "null"})
        EXPECT_FALSE(revocation::read_kept(with("1795000000", time)).has_value()) << time;
}

// They go into the header of a request, where a line break would stop every further fetch of this source.
TEST(Kept, AValidatorThatNobodyCouldAskWithIsNotTaken)
{
    for (auto const* etag : {"a\\r\\nb", "\\u0000", "\\u00e9", "\\u007f"})
        EXPECT_FALSE(revocation::read_kept(with("Sat", etag)).has_value()) << etag;
    EXPECT_FALSE(revocation::read_kept(with("Sat", std::string(revocation::validator_bytes_max, 'x'))).has_value());
}

// The bounds belong together: otherwise evidence would be fetched, kept, and passed over at the next start.
TEST(Kept, TheLongestAddressAndValidatorsFitIntoTheHeader)
{
    auto longest = piece();
    longest.url = "http://a/" + std::string(revocation::address_bytes_max - 9, '\'');
    longest.version = {std::string(revocation::validator_bytes_max, '"'), std::string(revocation::validator_bytes_max, '\\')};
    ASSERT_TRUE(revocation::read_address(longest.url).has_value());
    EXPECT_TRUE(revocation::read_kept(revocation::kept_header(revocation::Schedule::key_of(Kind::delta, longest.url), longest)).has_value());
}

}  // namespace
