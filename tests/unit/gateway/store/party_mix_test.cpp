#include "gateway/store/detail/party_mix.hpp"

#include <gtest/gtest.h>

#include <string>

namespace store::detail {
namespace {

void took(PartyMix& mix, std::string const& provider, int rows)
{
    for (int n = 0; n < rows; ++n) mix.took(provider);
}

TEST(PartyMix, OneAloneOrSeveralOfASizeAreEven)
{
    PartyMix mix;
    EXPECT_FALSE(mix.uneven());
    took(mix, "VNPT", 1000);
    EXPECT_FALSE(mix.uneven()) << "nobody is beside it";
    PartyMix equals;
    for (int n = 0; n < 3000; ++n) took(equals, "P" + std::to_string(n % 6), 1);
    EXPECT_FALSE(equals.uneven());
    PartyMix double_;
    for (int n = 0; n < 3000; ++n) took(double_, n % 3 == 0 ? "SMALL" : "LARGE", 1);
    EXPECT_FALSE(double_.uneven()) << "twice as many are no flood";
}

TEST(PartyMix, OneWithFewRowsBesideOneWithManyIsNot)
{
    PartyMix mix;
    for (int n = 0; n < 10'000; ++n) {
        took(mix, n % 40 == 0 ? "THAISON" : "VNPT", 1);
        ASSERT_TRUE(n < 10 || mix.uneven()) << n;
    }
}

TEST(PartyMix, WhoSendsNoMoreIsForgotten)
{
    PartyMix mix;
    took(mix, "VNPT", 2000);
    took(mix, "THAISON", 20);
    EXPECT_TRUE(mix.uneven());
    took(mix, "VNPT", 6 * 512);
    EXPECT_FALSE(mix.uneven());
    took(mix, "THAISON", 1);
    EXPECT_TRUE(mix.uneven()) << "and is seen with its first row again";
}

}  // namespace
}  // namespace store::detail
