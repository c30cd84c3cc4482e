// The pages made from the program are committed as they are made today.

#include "gateway/docs.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

class Page : public testing::TestWithParam<char const*> {};

TEST_P(Page, IsCommittedAsItIsMadeToday)
{
    std::string const name = GetParam();
    std::ifstream file{IVAN_SOURCE_DIR "/ops/" + name + ".md", std::ios::binary};
    std::string const committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_TRUE(committed == gateway::docs_page(name)) << "make it again: ivan-gateway docs " << name << " > ops/" << name << ".md";
}

INSTANTIATE_TEST_SUITE_P(Docs, Page, testing::Values("faults", "config", "metrics"), [](auto const& page) { return page.param; });

TEST(Docs, KnowsNoOtherPage)
{
    EXPECT_FALSE(gateway::docs_page("../faults").has_value());
    EXPECT_FALSE(gateway::docs_page("").has_value());
}

}  // namespace
