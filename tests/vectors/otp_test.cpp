// RFC 4226, RFC 6238 and RFC 6287 by other people's numbers ($IVAN_VECTORS/otp), through the code of `ivanctl otp check`.

#include "gateway/otp/vector.hpp"
#include "tests/vectors/tally.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace {

TEST(OtpVectors, EveryCodeOfTheRfcsIsOurs)
{
    vectors::Tally tally{"otp"};
    auto const folder = tally.vectors("otp/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    std::ifstream file{*folder / "manifest.json"};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    for (auto const& object : otp::cases_of(text)) {
        auto const one = otp::read_case(object);
        auto const code = otp::code_of(one.vector);
        tally.judge(one.id, code == one.expected, "we say " + code);
    }
    EXPECT_GT(tally.run(), 60u);
}

}  // namespace
