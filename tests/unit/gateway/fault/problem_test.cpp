#include "gateway/fault/problem.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace fault {
namespace {

boost::json::object problem(Fault const& fault)
{
    return boost::json::parse(problem_json(fault, std::string(32, '1'))).as_object();
}

TEST(Problem, SaysAllThatTheContractPromises)
{
    auto const json = problem({FaultCode::signature_invalid, "openssl: secret detail", {}, {}});
    EXPECT_EQ(json.at("code").as_string(), "GW-2010");
    EXPECT_EQ(json.at("status").as_int64(), 422);
    EXPECT_EQ(json.at("retry").as_string(), "never");
    EXPECT_EQ(json.at("type").as_string(), "/v1/codes#GW-2010");
    EXPECT_EQ(json.at("trace_id").as_string(), std::string(32, '1'));
    for (auto const* text : {"title", "message_vi", "message_en"}) EXPECT_FALSE(json.at(text).as_string().empty()) << text;
    EXPECT_FALSE(json.contains("errors"));
}

TEST(Problem, ADuplicateNamesItsOriginal)
{
    auto const json = problem(fault_of(store::Failure{store::Refusal::duplicate, "", store::Original{"id-1", "00001.G/2026/00108"}}));
    EXPECT_EQ(json.at("code").as_string(), "GW-4007");
    EXPECT_EQ(json.at("status").as_int64(), 409);
    EXPECT_EQ(json.at("original").as_object().at("dossier_id").as_string(), "id-1");
    EXPECT_EQ(json.at("original").as_object().at("case_code").as_string(), "00001.G/2026/00108");
    EXPECT_FALSE(problem({FaultCode::internal, "", {}, {}}).contains("original"));
}

TEST(Problem, TheDetailIsForOurLogAlone)
{
    auto const text = problem_json({FaultCode::internal, "connection string", {}, {}}, "t");
    EXPECT_EQ(text.find("connection string"), std::string::npos);
}

TEST(Problem, EveryFindingIsListedWithItsPlace)
{
    Fault const fault{FaultCode::rule_violation, "", {{"D02-TS", "/D02-TS/NoiDung/LaoDong[3]/MasoBHXH", 17, "R-1021", "Mã số sai \"x\"", "Bad number"}, {"", "", 0, "R-1", "a", "b"}}, {}};
    auto const errors = problem(fault).at("errors").as_array();
    ASSERT_EQ(errors.size(), 2u);
    auto const& first = errors[0].as_object();
    EXPECT_EQ(first.at("form").as_string(), "D02-TS");
    EXPECT_EQ(first.at("path").as_string(), "/D02-TS/NoiDung/LaoDong[3]/MasoBHXH");
    EXPECT_EQ(first.at("line").as_int64(), 17);
    EXPECT_EQ(first.at("code").as_string(), "R-1021");
    EXPECT_EQ(first.at("message_vi").as_string(), "Mã số sai \"x\"");
    EXPECT_FALSE(errors[1].as_object().contains("line"));
}

TEST(Problem, AListOfFindingsIsBoundedAndSaysWhatWasLeftOut)
{
    Fault fault{FaultCode::schema_violation, "", {}, {}};
    fault.findings.assign(5000, {"F", std::string(100'000, 'p'), 1, "X-1", std::string(999, 'a') + "ấ", "b"});
    auto const text = problem_json(fault, "t");
    EXPECT_LT(text.size(), 1u << 20);
    auto const json = boost::json::parse(text).as_object();
    EXPECT_EQ(json.at("errors").as_array().size(), 200u);
    EXPECT_EQ(json.at("errors_left_out").as_int64(), 4800);
    EXPECT_EQ(json.at("errors").as_array()[0].as_object().at("message_vi").as_string(), std::string(999, 'a')) << "cut at a character";
}

TEST(Catalogue, EveryRowIsUsableByPeopleAndPrograms)
{
    std::set<std::string_view> ids;
    for (auto const& row : catalogue()) {
        EXPECT_TRUE(ids.insert(row.id).second) << row.id;
        EXPECT_TRUE(row.id.starts_with("GW-") && row.id.size() == 7) << row.id;
        EXPECT_GE(row.http, 400) << row.id;
        EXPECT_LT(row.http, 600) << row.id;
        EXPECT_FALSE(row.en.empty() || row.vi.empty()) << row.id;
        EXPECT_NE(row.en, row.vi) << row.id;
        EXPECT_TRUE(row.en.ends_with('.') && row.vi.ends_with('.')) << row.id;
        if (row.http == 429 || row.http == 503) {
            EXPECT_NE(row.retry, Retry::never) << row.id << ": a status and a promise that disagree";
        }
        EXPECT_EQ(row_of(row.code).id, row.id);
    }
    EXPECT_GT(ids.size(), 50u);
}

}  // namespace
}  // namespace fault
