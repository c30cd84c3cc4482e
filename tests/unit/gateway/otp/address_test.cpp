// Who is asked and where a code goes: one spelling each, nothing that could be read as something else.

#include "gateway/otp/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Address, APhoneIsTheSameHoweverPeopleWriteIt)
{
    for (auto const* const written : {"0901234567", "0901 234 567", "090.123.4567", "+84901234567", "+84 901-234-567", "84901234567"})
        EXPECT_EQ(otp::phone(written), "+84901234567") << written;
    EXPECT_EQ(otp::phone("0351234567"), "+84351234567");
}

TEST(Address, WhatIsNoVietnameseMobileNumberIsRefused)
{
    for (auto const* const written :
         {"", "0", "090123456", "09012345678", "+849012345678", "0241234567", "0101234567", "+1 202 555 0100", "901234567", "090123456a",
          "0901234567\r\n", "0901234567;ext=1", "++84901234567", "+0901234567", "（090）1234567", "0901234567        0901234567"})
        EXPECT_FALSE(otp::phone(written)) << written;
}

TEST(Address, AnEmailIsTakenWithItsDomainInLowerCase)
{
    EXPECT_EQ(otp::email("An.Nguyen+bhxh@Example.VN"), "An.Nguyen+bhxh@example.vn");
    EXPECT_EQ(otp::email("a@b-c.example"), "a@b-c.example");
}

TEST(Address, WhatCouldBeReadAsAnotherCommandIsNoEmail)
{
    for (auto const& written : {std::string{""}, std::string{"@"}, std::string{"a@"}, std::string{"@b.vn"}, std::string{"a@b"},
                                std::string{"a b@c.vn"}, std::string{"a@b.vn\r\nRCPT TO:<x@y.vn>"}, std::string{"<a@b.vn>"},
                                std::string{"a@b..vn"}, std::string{".a@b.vn"}, std::string{"a.@b.vn"}, std::string{"a@-b.vn"},
                                std::string{"a@b-.vn"}, std::string{"a@b.vn, c@d.vn"}, std::string{"\"a b\"@c.vn"}, std::string{"a@[127.0.0.1]"},
                                std::string{"a@127.0.0.1"}, std::string{"ă@b.vn"}, std::string(65, 'a') + "@b.vn", "a@" + std::string(64, 'b') + ".vn",
                                "a@" + std::string(250, 'b') + ".vn", std::string{"a\0@b.vn", 7}})
        EXPECT_FALSE(otp::email(written)) << written;
}

TEST(Address, APersonHasTwelveDigits)
{
    EXPECT_TRUE(otp::person_ok("001090000001"));
    for (auto const* const bad : {"", "00109000000", "0010900000012", "00109000000a", "0101300842", "0101300842-1"}) EXPECT_FALSE(otp::person_ok(bad)) << bad;
}

}  // namespace
