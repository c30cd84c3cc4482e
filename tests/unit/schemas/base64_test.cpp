#include "schemas/base64.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace {

using schemas::base64_decode;
using schemas::base64_encode;

TEST(Base64, SpeaksTheVectorsOfRfc4648)
{
    for (auto const& [bytes, text] : std::array<std::pair<char const*, char const*>, 7>{{
             {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}}) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(base64_decode(text), bytes);
    }
}

TEST(Base64, ReturnsEveryByteOfEveryLength)
{
    std::string bytes;
    for (int length = 0; length < 600; ++length) {
        ASSERT_EQ(base64_decode(base64_encode(bytes)), bytes) << length;
        bytes.push_back(static_cast<char>(length * 37 + 11));
    }
}

TEST(Base64, TakesWhiteSpaceBetweenAnyCharacters)
{
    EXPECT_EQ(base64_decode("  Zm9v\r\nYmFy\t"), "foobar");
    EXPECT_EQ(base64_decode("Z m 9 v Y g = ="), "foob");
    EXPECT_EQ(base64_decode(" \n"), "");
}

TEST(Base64, RefusesWhatDoesNotDecodeOneWayOnly)
{
    for (auto const* text : {"Z", "Zg", "Zg=", "Zm8", "Zm9vY", "=", "==", "====", "Z===", "Zg===", "Zm9v=", "Zm9v====", "Zg==Zg==",
                             "Zg==A", "Zm=v", "=Zm9", "Zh==", "Zm9=", "Zg==\n=", "Zm8=="})
        EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Base64, RefusesEveryCharacterOutsideTheAlphabet)
{
    std::string const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n";
    for (int c = 0; c < 256; ++c) {
        auto const character = static_cast<char>(c);
        if (alphabet.find(character) != std::string::npos) continue;
        for (std::size_t place = 0; place < 4; ++place) {
            std::string text = "Zm9vYmFy";
            text[place] = character;
            EXPECT_FALSE(base64_decode(text)) << c << " at " << place;
        }
    }
}

}  // namespace
