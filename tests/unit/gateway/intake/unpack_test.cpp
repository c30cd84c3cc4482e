#include "gateway/intake/unpack.hpp"
#include "tests/support/pack.hpp"

#include <gtest/gtest.h>

namespace intake {
namespace {

using fault::FaultCode;
using support::gzip;
using support::zstd;

fault::Result<std::string> unpack(Encoding encoding, std::string_view packed, std::uint64_t max, std::uint64_t step = 1000)
{
    Unpacker unpacker{encoding, packed, max};
    for (;;) {
        auto const whole = unpacker.step(step);
        if (!whole) return whole.error();
        if (*whole) return std::move(unpacker).take();
    }
}

std::string const text = [] {
    std::string made;
    for (int i = 0; i < 5000; ++i) made += "lao động " + std::to_string(i) + ";";
    return made;
}();

struct Case {
    Encoding encoding;
    std::string (*pack)(std::string_view);
};
class Unpacking : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Both, Unpacking, testing::Values(Case{Encoding::gzip, gzip}, Case{Encoding::zstd, zstd}));

TEST_P(Unpacking, GivesBackWhatWasPacked)
{
    auto const [encoding, pack] = GetParam();
    for (auto const& original : {text, std::string{"x"}, std::string{}}) {
        auto const out = unpack(encoding, pack(original), text.size());
        ASSERT_TRUE(out) << out.error().detail;
        EXPECT_EQ(*out, original);
    }
}

TEST_P(Unpacking, ABodyOfExactlyTheBoundFitsAndOneByteMoreDoesNot)
{
    auto const [encoding, pack] = GetParam();
    EXPECT_TRUE(unpack(encoding, pack(text), text.size()));
    auto const over = unpack(encoding, pack(text), text.size() - 1);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, FaultCode::body_too_large);
}

TEST_P(Unpacking, ABombStopsAtTheBound)
{
    auto const [encoding, pack] = GetParam();
    auto const bomb = pack(std::string(50u << 20, '\0'));
    ASSERT_LT(bomb.size(), 400'000u);
    Unpacker unpacker{encoding, bomb, 1u << 20};
    auto step = unpacker.step(64u << 10);
    unsigned steps = 1;
    for (; step && !*step; ++steps) step = unpacker.step(64u << 10);
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().code, FaultCode::body_too_large);
    EXPECT_LE(steps, 17u);
    EXPECT_LE(std::move(unpacker).take().size(), (1u << 20) + 1);
}

TEST_P(Unpacking, AStepMakesNoMoreThanItMay)
{
    auto const [encoding, pack] = GetParam();
    auto const packed = pack(text);
    Unpacker unpacker{encoding, packed, text.size()};
    auto const whole = unpacker.step(100);
    ASSERT_TRUE(whole);
    EXPECT_FALSE(*whole);
    EXPECT_EQ(std::move(unpacker).take(), text.substr(0, 100));
}

TEST_P(Unpacking, EveryCutIsBroken)
{
    auto const [encoding, pack] = GetParam();
    auto const packed = pack("a short dossier, cut at every byte");
    for (std::size_t n = 0; n < packed.size(); ++n) {
        auto const out = unpack(encoding, std::string_view{packed}.substr(0, n), 1000);
        ASSERT_FALSE(out) << n;
        EXPECT_EQ(out.error().code, FaultCode::encoding_broken) << n;
    }
}

TEST_P(Unpacking, BytesBehindTheEndAreRefused)
{
    auto const [encoding, pack] = GetParam();
    for (auto const& tail : {std::string{"x"}, std::string(10, '\0'), pack("second")}) {
        auto const out = unpack(encoding, pack("first") + tail, 1000);
        ASSERT_FALSE(out);
        EXPECT_EQ(out.error().code, FaultCode::encoding_broken);
    }
}

TEST_P(Unpacking, AlteredBytesNeverPassForTheOriginal)
{
    auto const [encoding, pack] = GetParam();
    auto const packed = pack(text);
    for (std::size_t i = 0; i < packed.size(); i += 97) {
        auto altered = packed;
        altered[i] = static_cast<char>(altered[i] ^ 0x55);
        auto const out = unpack(encoding, altered, text.size());
        if (out) {
            // gzip's header has bytes that carry no content: name, time, system.
            EXPECT_EQ(*out, text) << i;
        }
    }
}

TEST(Encoding, OnlyOneKnownEncodingIsTaken)
{
    EXPECT_EQ(encoding_of(""), Encoding::none);
    EXPECT_EQ(encoding_of("identity"), Encoding::none);
    EXPECT_EQ(encoding_of("GZIP"), Encoding::gzip);
    EXPECT_EQ(encoding_of("zstd"), Encoding::zstd);
    EXPECT_FALSE(encoding_of("br"));
    EXPECT_FALSE(encoding_of("gzip, gzip"));
    EXPECT_FALSE(encoding_of("deflate"));
}

TEST(Encoding, AZstdWindowThatWouldCostMemoryNotReservedIsRefused)
{
    // Frame header with a window of 1 GiB (RFC 8878 §3.1.1.1.2), then an empty raw last block.
    std::string const frame{"\x28\xB5\x2F\xFD\x00\xA0\x01\x00\x00", 9};
    auto const out = unpack(Encoding::zstd, frame, 1000);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, FaultCode::encoding_broken);
}

}  // namespace
}  // namespace intake
