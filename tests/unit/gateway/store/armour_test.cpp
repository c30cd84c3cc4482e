#include "gateway/store/detail/armour.hpp"
#include "schemas/base64.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace store::detail;

constexpr std::size_t no_bound = 1u << 30;

std::string noise(std::size_t size, unsigned seed = 7)
{
    std::mt19937 random{seed};
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(random());
    return out;
}

std::string lines(std::string_view text, std::size_t width, std::string_view between)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += width) {
        if (at > 0) out += between;
        out += text.substr(at, width);
    }
    return out;
}

// The stripped form; a copy, so that a sanitizer sees who reads beyond it.
std::optional<std::vector<char>> stripped(std::string_view bytes)
{
    Scratch scratch;
    std::vector<char> const exact(bytes.begin(), bytes.end());
    auto const form = strip_armour({exact.data(), exact.size()}, scratch);
    if (!form) return std::nullopt;
    return std::vector<char>(form->begin(), form->end());
}

// Nothing where the form is damaged.
std::optional<std::string> restored(std::vector<char> const& form, std::size_t bytes_max = no_bound)
{
    std::string_view const view{form.data(), form.size()};
    auto const size = armoured_size(view, bytes_max);
    if (!size) return std::nullopt;
    std::vector<char> out(*size);
    restore_armour(view, out.data());
    return std::string(out.begin(), out.end());
}

// Whether the text is stripped at all, and comes back as it was.
::testing::AssertionResult comes_back_shorter(std::string_view text)
{
    auto const form = stripped(text);
    if (!form) return ::testing::AssertionFailure() << "nothing was found in " << text.substr(0, 200);
    if (form->size() >= text.size()) return ::testing::AssertionFailure() << "not shorter";
    if (restored(*form) != text) return ::testing::AssertionFailure() << "came back otherwise";
    return ::testing::AssertionSuccess();
}

TEST(Armour, OneLineComesBackWhateverItsLengthAndPadding)
{
    for (std::size_t size = 100; size < 400; ++size)
        ASSERT_TRUE(comes_back_shorter("<NoiDungFile>" + schemas::base64_encode(noise(size)) + "</NoiDungFile>")) << size;
}

TEST(Armour, OneLineIsStrippedToAQuarterLess)
{
    auto const text = "<a>" + schemas::base64_encode(noise(30'000)) + "</a>";
    EXPECT_LT(stripped(text)->size(), 30'000u + 30);
}

TEST(Armour, LinesOfOneWidthComeBackWithTheirSeparators)
{
    auto const text = schemas::base64_encode(noise(1000));
    for (std::size_t const width : {64u, 68u, 76u, 80u, 100u, 996u})
        for (std::string_view const between : {"\n", "\r\n", "\r", "&#13;\n", "&#xD;\n", "&#xd;\n", "\n    ", "\r\n\t\t"}) {
            auto const wrapped = "<X509Certificate>" + std::string{between} + lines(text, width, between) + std::string{between} + "</X509Certificate>";
            ASSERT_TRUE(comes_back_shorter(wrapped)) << width;
            EXPECT_LT(stripped(wrapped)->size(), 1000u + 90) << width << ": one run, not one a line";
        }
}

TEST(Armour, LinesThatChangeTheirWayComeBackToo)
{
    auto const text = schemas::base64_encode(noise(2000));
    auto const first = lines(text.substr(0, 760), 76, "\n");
    for (auto const& rest : {lines(text.substr(760), 64, "\n"), lines(text.substr(760), 76, "\r\n"), lines(text.substr(760), 80, "\n"),
                             lines(text.substr(760), 70, "\n"), lines(text.substr(760), 76, "\n\n"), lines(text.substr(760), 76, "\n" + std::string(60, ' '))})
        for (std::string_view const seam : {"\n", "\r\n", "\n\n", " ", "="}) EXPECT_TRUE(comes_back_shorter(first + std::string{seam} + rest)) << rest;
}

TEST(Armour, AnyBytesAroundAndBetweenRunsComeBack)
{
    std::string text;
    for (unsigned i = 0; i < 40; ++i) {
        text += noise(i * 7 % 90, i) + schemas::base64_encode(noise(60 + i * 3, i + 100)).substr(0, 70 + i);
        if (i == 0) continue;  // too little to gain yet
        ASSERT_TRUE(comes_back_shorter(text)) << i;
    }
}

TEST(Armour, WhatOnlyLooksLikeBase64ComesBack)
{
    for (auto const& text : {std::string(5000, 'A'), std::string(5000, '/') + "=", std::string(999, '0') + "===", "Zh" + std::string(200, 'x') + "Zh==",
                             lines(std::string(5000, 'x'), 64, "\n") + "Q=\n==", std::string(67, 'q') + "\n" + std::string(67, 'q')})
        EXPECT_TRUE(comes_back_shorter(text)) << text.size();
}

TEST(Armour, WhatIsTooShortToPayStaysAsItIs)
{
    EXPECT_FALSE(stripped(""));
    EXPECT_FALSE(stripped("<xml>no base64 of any length</xml>"));
    EXPECT_FALSE(stripped(std::string(armour_line_min - 1, 'A')));
    EXPECT_FALSE(stripped(lines(std::string(5000, 'A'), armour_line_min - 1, "\n")));
    EXPECT_FALSE(stripped(noise(20'000)));
}

TEST(Armour, RunsBeyondTheBoundStayAsTheyAre)
{
    std::string text;
    for (std::size_t i = 0; i < armour_runs_max + 10; ++i) text += std::string(100, 'a') + "<";
    auto const form = stripped(text);
    ASSERT_TRUE(form);
    EXPECT_EQ(restored(*form), text);
    std::string_view const view{form->data(), form->size()};
    EXPECT_NE(view.find(std::string(100, 'a')), std::string_view::npos) << "the last ones";
}

TEST(Armour, TheBoundOfTheBytesHolds)
{
    auto const text = "<a>" + schemas::base64_encode(noise(300)) + "</a>";
    auto const form = *stripped(text);
    EXPECT_EQ(restored(form, text.size()), text);
    EXPECT_FALSE(restored(form, text.size() - 1));
}

TEST(Armour, AListThatBlowsAFormUpIsRefusedBeforeAnythingIsWritten)
{
    std::string form(3'000'000, 'x');
    std::string const list = std::string{"\0\xC0\x84\x3D\x01\x28", 6} + std::string(40, '\n');  // a million lines of one group, 40 bytes between
    form += list;
    for (int shift = 0; shift < 32; shift += 8) form += static_cast<char>(list.size() >> shift);
    EXPECT_EQ(armoured_size(form, no_bound), 4'000'000u + 40 * 999'999u);
    EXPECT_FALSE(armoured_size(form, 30'000'000));
}

TEST(Armour, DamagedFormsGiveNothingOrOtherBytesAndNeverMore)
{
    auto const text = "<a>" + schemas::base64_encode(noise(100)) + "</a><b>" + lines(schemas::base64_encode(noise(150)), 64, "\r\n") + "</b>";
    auto const form = *stripped(text);
    for (std::size_t cut = 0; cut < form.size(); ++cut) (void)restored({form.begin(), form.begin() + static_cast<std::ptrdiff_t>(cut)}, 10'000);
    for (std::size_t at = 0; at < form.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto damaged = form;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1u << bit);
            auto const bytes = restored(damaged, 10'000);
            EXPECT_NE(bytes, text);
            EXPECT_LE(bytes.value_or("").size(), 10'000u);
        }
}

TEST(Armour, RefusesAListThatDoesNotFit)
{
    auto const form_of = [](std::string bytes, std::string const& list, std::size_t length) {
        bytes += list;
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(length >> shift);
        return bytes;
    };
    using namespace std::string_literals;
    EXPECT_EQ(armoured_size(form_of("abcdef", "", 0), no_bound), 6u);
    EXPECT_EQ(armoured_size(form_of("abcdef", "\1\1\0"s, 3), no_bound), 7u);
    EXPECT_FALSE(armoured_size("abc", no_bound)) << "no room for a length";
    EXPECT_FALSE(armoured_size(form_of("ab", "", 3), no_bound)) << "a list longer than the form";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\7\1\0"s, 3), no_bound)) << "beyond the bytes";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\4\1\0"s, 3), no_bound)) << "half a group";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\0\0\0"s, 3), no_bound)) << "a run of nothing";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\1\1"s, 2), no_bound)) << "an entry cut short";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\1\1\1\5\n"s, 5), no_bound)) << "a separator cut short";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\1\1\1\x29"s + std::string(41, ' '), 45), no_bound)) << "a separator beyond its bound";
    EXPECT_FALSE(armoured_size(form_of("abcdef", "\x80\x80\x80\x80\x80\x80\0\1\0"s, 9), no_bound)) << "a number without end";
}

TEST(Scratch, KeepsItsRoomAndGivesBackWhatIsLarge)
{
    Scratch scratch;
    auto* const first = scratch.room(1000);
    EXPECT_EQ(scratch.room(10), first);
    scratch.shrink();
    EXPECT_EQ(scratch.room(1000), first);
    scratch.room(Scratch::kept_max + 1)[Scratch::kept_max] = 'x';
    scratch.shrink();
    scratch.room(1)[0] = 'x';
}

}  // namespace
