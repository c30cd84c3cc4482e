#include "gateway/observe/trace_id.hpp"

#include <gtest/gtest.h>

namespace observe {
namespace {

std::string const trace(32, 'a'), parent(16, 'b');

TEST(Trace, ACallersTraceIsKept)
{
    auto const read = trace_from("00-" + trace + "-" + parent + "-01");
    EXPECT_EQ(read.trace_id, trace);
    EXPECT_EQ(read.parent_id, parent);
    EXPECT_EQ(read.traceparent(), "00-" + trace + "-" + parent + "-01");
}

TEST(Trace, ALaterVersionMayCarryMore)
{
    EXPECT_EQ(trace_from("42-" + trace + "-" + parent + "-00-more").trace_id, trace);
    EXPECT_NE(trace_from("42-" + trace + "-" + parent + "-00more").trace_id, trace);
}

TEST(Trace, WhatIsNotOneGivesANewTrace)
{
    auto const good = "00-" + trace + "-" + parent + "-01";
    for (auto const& bad : {std::string{}, good + "-more", good.substr(1), "ff" + good.substr(2), "00-" + std::string(32, '0') + good.substr(35),
                            "00-" + trace + "-" + std::string(16, '0') + "-01", "00-" + std::string(32, 'A') + good.substr(35),
                            "00_" + good.substr(3), std::string(55, '\0'), std::string(5000, 'a')}) {
        auto const made = trace_from(bad);
        EXPECT_NE(made.trace_id, trace) << bad;
        EXPECT_EQ(made.trace_id.size(), 32u);
        EXPECT_EQ(made.parent_id.size(), 16u);
        EXPECT_EQ(trace_from(made.traceparent()).trace_id, made.trace_id) << "ours is one that we take ourselves";
    }
}

TEST(Trace, NoTwoAreAlike) { EXPECT_NE(new_trace().trace_id, new_trace().trace_id); }

}  // namespace
}  // namespace observe
