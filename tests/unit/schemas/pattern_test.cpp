#include "schemas/detail/pattern.hpp"
#include "tests/support/shapes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <libxml/xmlregexp.h>

#include <array>
#include <string>
#include <vector>

using schemas::detail::Pattern;
using test_support::SeededDice;
using testing::HasSubstr;

namespace {

bool matches(std::string_view pattern, std::string_view text)
{
    std::string why;
    auto const made = Pattern::of(pattern, why);
    if (!made) throw std::logic_error("the test's pattern is not understood: " + why);
    return made->matches(text);
}

std::string why_not(std::string_view pattern)
{
    std::string why;
    EXPECT_FALSE(Pattern::of(pattern, why)) << pattern;
    return why;
}

// A pattern of what is understood, by chance, with texts that it takes, or would but for a count.
struct Made {
    std::string pattern;
    std::vector<std::string> texts = std::vector<std::string>(8);
};

Made any_pattern(SeededDice& dice, unsigned depth = 0)
{
    struct Atom {
        std::string_view pattern, one, other;
    };
    static constexpr std::array atoms{Atom{"a", "a", "b"},        Atom{"b", "b", "a"},         Atom{"0", "0", "1"},     Atom{" ", " ", "\t"},        Atom{"[ab]", "a", "b"},
                                      Atom{"[a-c]", "c", "a"},    Atom{"[0-9]", "0", "9"},     Atom{"[^a]", "b", "\xC3\xAA"}, Atom{"[^0-9b]", ".", "\xE1\xBB\x93"},
                                      Atom{".", "\xF0\x9F\x98\x80", "\n"}, Atom{"\\.", ".", ","}, Atom{"[.,]", ".", ","}, Atom{"\\-", "-", "a"}, Atom{"[a\\-]", "-", "a"},
                                      Atom{"[\\]a]", "]", "a"},   Atom{"\\\\", "\\", "a"}};
    struct Quantifier {
        std::string_view pattern;
        std::size_t min, more;
    };
    static constexpr std::array quantifiers{Quantifier{"", 1, 0}, Quantifier{"", 1, 0}, Quantifier{"?", 0, 1}, Quantifier{"*", 0, 4}, Quantifier{"+", 1, 4}, Quantifier{"{2}", 2, 0},
                                            Quantifier{"{0,3}", 0, 3}, Quantifier{"{1,2}", 1, 1}, Quantifier{"{2,}", 2, 4}, Quantifier{"{0,}", 0, 4}, Quantifier{"{1}", 1, 0}};
    Made made;
    auto const branches = 1 + dice.below(2);
    for (std::size_t b = 0; b < branches; ++b) {
        Made branch;
        for (auto pieces = 1 + dice.below(3); pieces > 0; --pieces) {
            if (depth < 3 && dice.one_in(3)) {
                auto const inner = any_pattern(dice, depth + 1);
                bool const optional = dice.one_in(2);
                branch.pattern += "(" + inner.pattern + (optional ? ")?" : ")");
                for (auto& text : branch.texts)
                    if (!optional || dice.one_in(2)) text += dice.of(inner.texts);
                continue;
            }
            auto const& atom = dice.of(atoms);
            auto const& quantifier = dice.of(quantifiers);
            branch.pattern.append(atom.pattern).append(quantifier.pattern);
            for (auto& text : branch.texts)
                for (auto n = quantifier.min + dice.below(quantifier.more + 1) + dice.one_in(12); n > 0; --n) text += dice.one_in(6) ? atom.other : atom.one;
        }
        made.pattern += (b > 0 ? "|" : "") + branch.pattern;
        for (auto& text : made.texts)
            if (b == 0 || dice.one_in(2)) text = dice.of(branch.texts);
    }
    return made;
}

std::string any_text(SeededDice& dice)
{
    static constexpr std::array pieces{"a", "b", "c", "0", "9", ".", ",", "-", "]", "\\", " ", "\n", "\t", "\xC3\xAA", "\xE1\xBB\x93", "\xF0\x9F\x98\x80"};
    std::string text;
    for (auto n = dice.below(6); n > 0; --n) text += dice.one_in(3) ? dice.of(pieces) : dice.of(std::array{"a", "b", "0"});
    return text;
}

}  // namespace

TEST(Pattern, TakesTheWholeTextAndNothingLess)
{
    EXPECT_TRUE(matches("[0-9]{1,6}", "1"));
    EXPECT_TRUE(matches("[0-9]{1,6}", "123456"));
    for (auto const* text : {"", "1234567", "12a", "a12", " 1", "1 "}) EXPECT_FALSE(matches("[0-9]{1,6}", text)) << text;
}

TEST(Pattern, ReadsTheNumbersOfOurForms)
{
    constexpr auto number = "([0-9]{1,15}([.,][0-9]{1,4})?)?";
    for (auto const* text : {"", "0", "4960000", "123456789012345", "1.5", "1,2345", "123456789012345.1234"}) EXPECT_TRUE(matches(number, text)) << text;
    for (auto const* text : {".", "1.", ".5", "1.23456", "1234567890123456", "1.2.3", "-1", "1 000", "\xD9\xA3"}) EXPECT_FALSE(matches(number, text)) << text;
}

TEST(Pattern, CountsCharactersNotBytes)
{
    EXPECT_TRUE(matches(".{2}", "\xE1\xBB\x93\xF0\x9F\x98\x80"));
    EXPECT_FALSE(matches(".{2}", "\xE1\xBB\x93"));
    EXPECT_TRUE(matches("[^a]", "\xC3\xAA"));
    EXPECT_FALSE(matches("[a-z]", "\xC3\xAA"));
}

TEST(Pattern, KnowsWhetherBlanksMayStandInIt)
{
    std::string why;
    EXPECT_FALSE(Pattern::of("[0-9]{0,9}", why)->takes_blanks());
    for (auto const* pattern : {"a b", "[^a]", ".", "[ -/]"}) EXPECT_TRUE(Pattern::of(pattern, why)->takes_blanks()) << pattern;
}

TEST(Pattern, LeavesWhatItIsNotSureOf)
{
    EXPECT_THAT(why_not("\\d+"), HasSubstr("the escape \\d"));
    EXPECT_THAT(why_not("(ab)*"), HasSubstr("a group that repeats"));
    for (auto const* pattern : {"", "|a", "a|", "()", "(a", "a)", "[]", "[a", "a**", "a{2}{3}", "(ab){2}", "(ab)+", "a{0}", "a{3,2}", "a{,2}", "a{1", "a{}", "a{1001}", "\\s",
                                "\\w", "\\p{L}", "\\i", "\\n", "a\\", "[a-]", "[-a]", "[z-a]", "[a-z-[aeiou]]", "[a^b[]", "[a-\\d]", "*", "+a", "?", "{2}", "^a", "a$", "a]",
                                "}", "a*a", "[^a]*b", "(a|a)", "a?[a-c]", "(a*)*", "(a?)?", "\xC3\xAA", "[\xC3\xAA]", "\t", "((((((((((((((((((a))))))))))))))))))"})
        EXPECT_FALSE(why_not(pattern).empty()) << pattern;
}

TEST(Pattern, LeavesWhatNeedsTooManyStates)
{
    EXPECT_THAT(why_not("[0-9]{1000}a{1000}[0-9]{1000}a{1000}b{1000}"), HasSubstr("too many states"));
    EXPECT_THAT(why_not("(a{900}|b{900}|c{900}|d{900}|e{900})"), HasSubstr("too many states"));
}

TEST(Pattern, SaysWhatLibxml2Says)
{
    SeededDice dice{20261122};
    unsigned understood = 0, taken = 0, refused = 0;
    for (unsigned i = 0; i < 8000; ++i) {
        auto const made = any_pattern(dice);
        std::string why;
        auto const ours = Pattern::of(made.pattern, why);
        if (!ours) continue;  // a character may stand for two parts
        ++understood;
        std::unique_ptr<xmlRegexp, test_support::FreeBy<xmlRegFreeRegexp>> const theirs{xmlRegexpCompile(reinterpret_cast<xmlChar const*>(made.pattern.c_str()))};
        ASSERT_TRUE(theirs) << made.pattern;
        for (unsigned k = 0; k < 24; ++k) {
            auto const value = k % 3 == 0 ? any_text(dice) : dice.of(made.texts);
            bool const expected = xmlRegexpExec(theirs.get(), reinterpret_cast<xmlChar const*>(value.c_str())) == 1;
            EXPECT_EQ(ours->matches(value), expected) << "pattern " << made.pattern << " text " << testing::PrintToString(value);
            ++(expected ? taken : refused);
        }
    }
    EXPECT_GT(understood, 1500u);
    EXPECT_GT(taken, 10'000u);
    EXPECT_GT(refused, 10'000u);
}
