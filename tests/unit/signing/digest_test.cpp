#include "signing/digest.hpp"

#include "signing/digest_pieces.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

// FIPS 180-4, the examples of its computation notes.
TEST(Digest, AgreesWithThePublishedExamples)
{
    EXPECT_EQ(signing::hex(signing::sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(signing::hex(signing::sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(signing::hex(signing::sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, OfPiecesIsThatOfTheWhole)
{
    signing::Sha256Pieces pieces;
    EXPECT_EQ(pieces.finish(), signing::sha256(""));
    for (auto const* piece : {"a", "", "bc"}) pieces.add(piece);
    EXPECT_EQ(pieces.finish(), signing::sha256("abc"));
    pieces.add("another");
    EXPECT_EQ(pieces.finish(), signing::sha256("another")) << "it begins anew";
}

TEST(Digest, GivesEachThreadItsOwnContext)
{
    auto const expected = signing::sha256("một hồ sơ");
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (std::size_t t = 0; t < wrong.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) wrong[t] += signing::sha256("một hồ sơ") != expected;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Digest, ComparesWithoutATimingHint)
{
    EXPECT_TRUE(signing::equal_constant_time("", ""));
    EXPECT_TRUE(signing::equal_constant_time("abc", "abc"));
    EXPECT_FALSE(signing::equal_constant_time("abc", "abd"));
    EXPECT_FALSE(signing::equal_constant_time("abc", "ab"));
}

TEST(Digest, WritesBytesAsHex)
{
    EXPECT_EQ(signing::hex(std::string_view{"\x00\xff\x10", 3}), "00ff10");
}

}  // namespace
