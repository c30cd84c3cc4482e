#include "schemas/base64.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// RFC 4648 §4 as it is written, one group after the other.
std::string by_the_book(std::string_view bytes)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
        unsigned group = 0;
        for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i) text += i <= bytes.size() ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

TEST(Base64, EncodesEveryLengthByTheBookAndWritesNothingBehind)
{
    std::mt19937 random{11};
    for (std::size_t length = 0; length < 400; ++length) {
        std::string bytes;
        while (bytes.size() < length) bytes.push_back(static_cast<char>(random()));
        std::vector<char> const exact(bytes.begin(), bytes.end());  // a sanitizer sees who reads on
        std::vector<char> text(schemas::base64_size(length));       // or writes on
        auto const* const end = schemas::base64_encode_to({exact.data(), exact.size()}, text.data());
        ASSERT_EQ(end, text.data() + text.size()) << length;
        ASSERT_EQ(std::string(text.begin(), text.end()), by_the_book(bytes)) << length;
        ASSERT_EQ(base64_encode(bytes), by_the_book(bytes)) << length;
    }
}

TEST(Base64, GroupsEndAtAnythingElseAndEncodeToTheTextTaken)
{
    std::string text;
    for (int i = 0; i < 120; ++i) text += "AZaz09+/"[i * 5 % 8];
    for (std::size_t at = 0; at <= text.size(); ++at)
        for (char const stop : {' ', '\n', '=', '-', '\x80', '<'}) {
            auto const stopped = text.substr(0, at) + stop + text.substr(at);
            std::vector<char> room(200);
            auto const written = schemas::base64_groups(stopped, room);
            ASSERT_EQ(written, at / 4 * 3) << at;
            ASSERT_EQ(base64_encode({room.data(), written}), text.substr(0, at / 4 * 4));
        }
}

TEST(Base64, GroupsStopWhereTheRoomIsFull)
{
    std::string const text(400, 'x');
    for (std::size_t size = 0; size < 120; ++size) {
        std::vector<char> room(size);
        EXPECT_EQ(schemas::base64_groups(text, room), size / 3 * 3);
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

TEST(Base64, RefusesEveryOtherCharacterAtEveryPlaceOfALongText)
{
    std::string const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string const good = alphabet + alphabet;
    ASSERT_EQ(base64_encode(base64_decode(good).value()), good);
    for (int c = 0; c < 256; ++c) {
        auto const character = static_cast<char>(c);
        bool const known = alphabet.find(character) != std::string::npos;
        for (std::size_t place = 0; place < 64; ++place) {
            auto text = good;
            text[place] = character;
            auto const bytes = base64_decode(text);
            bool const white = std::string_view{" \t\r\n"}.find(character) != std::string_view::npos;
            if (known) {
                ASSERT_EQ(base64_encode(bytes.value()), text) << c << " at " << place;
            } else if (!white) {
                ASSERT_FALSE(bytes) << c << " at " << place;
            }
        }
    }
}

// The text in pieces of random sizes into rooms of random sizes.
std::optional<std::string> decoded_in_pieces(std::string_view text, std::mt19937& random, std::size_t piece_max, std::size_t room_max)
{
    schemas::Base64Stream stream;
    stream.begin();
    std::string bytes;
    while (!text.empty()) {
        std::vector<char> const piece(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), 1 + random() % piece_max)));
        std::vector<char> room(3 + random() % room_max);
        auto const step = stream.feed({piece.data(), piece.size()}, room);
        EXPECT_LE(step.taken, piece.size());
        EXPECT_LE(step.written, room.size());
        EXPECT_TRUE(step.refused || step.taken == piece.size() || room.size() - step.written < 3) << "stopped without a reason";
        bytes.append(room.data(), step.written);
        if (step.refused) return std::nullopt;
        text.remove_prefix(step.taken);
    }
    if (!stream.end()) return std::nullopt;
    return bytes;
}

TEST(Base64, SaysOfPiecesWhatItSaysOfTheWhole)
{
    std::mt19937 random{1};
    for (unsigned round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 200, '\0');
        for (char& c : bytes) c = static_cast<char>(random());
        auto text = base64_encode(bytes);
        for (auto lines = random() % 4; lines > 0; --lines) text.insert(random() % (text.size() + 1), random() % 2 ? "\r\n" : " ");
        bool const harmed = random() % 2 && !text.empty();
        if (harmed) text[random() % text.size()] = "=A- /\xC3"[random() % 6];
        auto const whole = base64_decode(text);
        if (!harmed) {
            ASSERT_EQ(whole, bytes) << text;
        }
        ASSERT_EQ(decoded_in_pieces(text, random, 1 + random() % 100, 1 + random() % 100), whole) << text;
    }
}

TEST(Base64, WritesNothingBehindItsRoom)
{
    auto const text = base64_encode(std::string(300, 'x'));
    for (std::size_t size = 0; size < 320; ++size) {
        std::string room(size + 64, '#');
        schemas::Base64Stream stream;
        auto const step = stream.feed(text, std::span{room}.first(size));
        ASSERT_EQ(step.written, std::min<std::size_t>(size / 3 * 3, 300)) << size;
        ASSERT_EQ(room.substr(size), std::string(64, '#')) << size;
    }
}

}  // namespace
