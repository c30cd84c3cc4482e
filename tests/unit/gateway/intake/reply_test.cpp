#include "gateway/fault/problem.hpp"
#include "gateway/intake/reply.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace intake {
namespace {

std::string field(Reply const& reply, std::string_view name)
{
    auto const found = std::ranges::find(reply.headers, name, [](auto const& f) { return f.first; });
    return found == reply.headers.end() ? "" : found->second;
}

store::Stored stored(bool repeated) { return {"D-1", "00001.G/2026/07906", {"<PhieuTiepNhan/>", R"({"a":1})"}, repeated}; }

TEST(Reply, AReceiptIsCreatedOnceAndRepeatedByteForByte)
{
    auto const first = Reply::receipt(stored(false), ""), again = Reply::receipt(stored(true), "");
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(first.body, again.body);
    EXPECT_EQ(field(first, "Location"), "/v1/dossiers/D-1");
}

TEST(Reply, TheReceiptIsXmlOnlyWhereThatIsPreferred)
{
    auto const type = [](std::string_view accept) { return Reply::receipt(stored(false), accept).content_type; };
    EXPECT_EQ(type(""), "application/json");
    EXPECT_EQ(type("*/*"), "application/json");
    EXPECT_EQ(type("application/json"), "application/json");
    EXPECT_EQ(type("application/*"), "application/json");
    EXPECT_EQ(type("application/xml"), "application/xml");
    EXPECT_EQ(type("Application/XML, */*;q=0.1"), "application/xml");
    EXPECT_EQ(type("application/xml;q=0.5, application/json"), "application/json");
    EXPECT_EQ(type("application/json;q=0.25 , application/xml; q=0.3"), "application/xml");
    EXPECT_EQ(type("application/xml;q=0"), "application/json");
    EXPECT_EQ(type(",;,q=;;q=0.,"), "application/json") << "nonsense is not a wish";
}

TEST(Reply, AProblemSaysWhenToComeAgainWhereThatHelps)
{
    observe::Trace const trace{std::string(32, 'a'), std::string(16, 'b')};
    auto const later = Reply::problem({fault::FaultCode::quota_exceeded, "", {}, std::chrono::seconds{17}}, trace);
    EXPECT_EQ(later.status, 429);
    EXPECT_EQ(later.content_type, "application/problem+json");
    EXPECT_EQ(field(later, "Retry-After"), "17");
    auto const unsaid = Reply::problem({fault::FaultCode::overloaded, "", {}, {}}, trace);
    EXPECT_EQ(field(unsaid, "Retry-After"), std::to_string(retry_after_default.count()));
    EXPECT_EQ(field(Reply::problem({fault::FaultCode::not_found, "", {}, {}}, trace), "Retry-After"), "");
}

TEST(Reply, ARefusalOfAFloodSaysWhatEveryProblemSaysWithItsOwnTrace)
{
    using enum fault::FaultCode;
    for (auto const code : {overloaded, quota_exceeded, overloaded, quota_exceeded, stopping}) {
        auto const trace = observe::new_trace();
        fault::Fault const fault{code, "a detail for our log", {}, {}};
        EXPECT_EQ(Reply::problem(fault, trace).body, fault::problem_json(fault, trace.trace_id));
    }
}

TEST(Reply, AFaultMayBringHeadersOfItsOwn)
{
    fault::Fault fault{fault::FaultCode::overloaded, "", {}, {}};
    fault.headers = {{"RateLimit", R"("burst";r=0;t=3)"}};
    EXPECT_EQ(field(Reply::problem(fault, observe::new_trace()), "RateLimit"), R"("burst";r=0;t=3)");
}

}  // namespace
}  // namespace intake
