#include "schemas/rules.hpp"

#include <gtest/gtest.h>

#include <string>

using schemas::tax_code_ok;

// Published codes of known companies.
TEST(TaxCode, AcceptsCodesWhoseCheckDigitHolds)
{
    for (auto const* const code : {"0100109106", "0101300842", "0110329220"}) EXPECT_TRUE(tax_code_ok(code)) << code;
}

TEST(TaxCode, RefusesEveryOtherCheckDigit)
{
    std::string code = "0100109106";
    for (char last = '0'; last <= '9'; ++last) {
        code.back() = last;
        EXPECT_EQ(tax_code_ok(code), last == '6') << code;
    }
}

TEST(TaxCode, RefusesEveryChangedDigit)
{
    std::string const good = "0101300842";
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto code = good;
        code[i] = code[i] == '9' ? '8' : static_cast<char>(code[i] + 1);
        EXPECT_FALSE(tax_code_ok(code)) << code;
    }
}

TEST(TaxCode, TakesABranchFrom001To999)
{
    EXPECT_TRUE(tax_code_ok("0100109106-001"));
    EXPECT_TRUE(tax_code_ok("0100109106-999"));
    EXPECT_FALSE(tax_code_ok("0100109106-000"));
    EXPECT_FALSE(tax_code_ok("0100109107-001"));
    EXPECT_FALSE(tax_code_ok("0100109106001-"));
    EXPECT_FALSE(tax_code_ok("0100109106-01"));
    EXPECT_FALSE(tax_code_ok("0100109106-0A1"));
}

TEST(TaxCode, TakesAPersonalNumberOfTwelveDigitsByFormatOnly)
{
    EXPECT_TRUE(tax_code_ok("001090123456"));
    EXPECT_FALSE(tax_code_ok("00109012345X"));
}

TEST(TaxCode, RefusesACodeThatCannotExist)
{
    EXPECT_FALSE(tax_code_ok("0000109106"));  // Province 00.
    for (char last = '0'; last <= '9'; ++last) EXPECT_FALSE(tax_code_ok(std::string("010000000") + last)) << last;
}

TEST(TaxCode, RefusesAnySumThatElevenDivides)
{
    // 31·0 + 29·1 + 23·0 + 19·0 + 17·0 + 13·0 + 7·0 + 5·0 + 3·5 = 44, so no check digit exists.
    for (char last = '0'; last <= '9'; ++last) EXPECT_FALSE(tax_code_ok(std::string("010000005") + last)) << last;
}

TEST(TaxCode, RefusesWhatIsNoCodeAtAll)
{
    for (auto const* const code : {"", " ", "0", "010010910", "01001091060", "0100109106 ", " 0100109106", "01001O9106", "０１００１０９１０６", "0100109106--01",
                                   "-100109106", "+100109106", "0100109106\n", "0x00109106"})
        EXPECT_FALSE(tax_code_ok(code)) << code;
    EXPECT_FALSE(tax_code_ok(std::string(1'000'000, '1')));
    EXPECT_FALSE(tax_code_ok(std::string("0100109106\0", 11)));
}
