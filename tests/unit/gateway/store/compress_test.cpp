#include "gateway/store/detail/compress.hpp"
#include "gateway/store/failure.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace {

using namespace store::detail;

constexpr std::size_t no_bound = 1u << 30;

std::string noise(std::size_t size)
{
    std::mt19937 random{7};
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(random());
    return out;
}

TEST(Compress, GivesBackTheSameBytesInEveryCodec)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd})
        for (auto const& bytes : {std::string{}, std::string{"x"}, std::string(100'000, 'a'), noise(5000)}) {
            auto const packed = pack(codec, bytes);
            EXPECT_EQ(unpack(packed, no_bound), bytes);
        }
}

TEST(Compress, ShrinksWhatCanShrinkAndNeverGrowsByMoreThanItsHeader)
{
    EXPECT_LT(pack(Codec::lz4, std::string(100'000, 'a')).size(), 1000u);
    EXPECT_LT(pack(Codec::zstd, std::string(100'000, 'a')).size(), 1000u);
    EXPECT_EQ(pack(Codec::lz4, noise(5000)).size(), 5005u);
}

TEST(Compress, HoldsTheBoundOfTheUnpackedSize)
{
    auto const packed = pack(Codec::lz4, std::string(1000, 'a'));
    EXPECT_TRUE(unpack(packed, 1000));
    EXPECT_FALSE(unpack(packed, 999));
}

TEST(Compress, RefusesDamagedValues)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, std::string(1000, 'a') + "tail");
        for (std::size_t cut = 0; cut < packed.size(); ++cut) EXPECT_FALSE(unpack(packed.substr(0, cut), no_bound)) << cut;
        auto larger = packed;
        larger[1] = static_cast<char>(larger[1] + 1);
        EXPECT_FALSE(unpack(larger, no_bound)) << "another size than it says";
        auto huge = packed;
        huge[4] = '\x7f';
        EXPECT_FALSE(unpack(huge, no_bound)) << "no memory is taken on a damaged word";
        auto unknown = packed;
        unknown[0] = 'x';
        EXPECT_FALSE(unpack(unknown, no_bound));
        EXPECT_FALSE(unpack(packed + "more", no_bound));
    }
}

TEST(Compress, SurvivesAnyBytes)
{
    for (unsigned i = 0; i < 2000; ++i) {
        auto bytes = noise(40 + i % 60).substr(i % 40);
        bytes[0] = "n4z"[i % 3];
        if (bytes.size() > 4) bytes[3] = bytes[4] = 0;
        (void)unpack(bytes, 1u << 20);
    }
    SUCCEED();
}

TEST(Compress, KnowsItsCodecsByName)
{
    EXPECT_EQ(codec_from("lz4"), Codec::lz4);
    EXPECT_EQ(codec_from("zstd"), Codec::zstd);
    EXPECT_EQ(codec_from("none"), Codec::none);
    EXPECT_FALSE(codec_from("pglz"));
}

TEST(Failure, EveryRefusalHasANameOfItsOwn)
{
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(store::Refusal::internal); ++i) EXPECT_TRUE(names.insert(store::name_of(static_cast<store::Refusal>(i))).second);
    EXPECT_FALSE(names.contains(""));
}

}  // namespace
