#include "gateway/intake/workflow.hpp"

#include "tests/support/canned_archive.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using intake::parse_event;
using support::CannedArchive;
using support::code_of;

std::string const good = R"({"event_id":"e-1","case_code":"00001.G/2026/00108","status":"processing","at":"2026-11-21T09:00:00+07:00",)"
                         R"("department":"Bộ phận Thu","note":null,"result_due":"2026-11-28T17:00:00+07:00"})";

std::string replaced(std::string const& what, std::string const& by)
{
    auto text = good;
    return text.replace(text.find(what), what.size(), by);
}

TEST(Workflow, ReadsAnEvent)
{
    auto const event = parse_event(good);
    ASSERT_TRUE(event.has_value()) << event.error().detail;
    EXPECT_EQ(event->event_id, "e-1");
    EXPECT_EQ(event->status, dossier::Status::processing);
    EXPECT_EQ(event->at, std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + std::chrono::hours{2});
    EXPECT_EQ(event->department, "Bộ phận Thu");
    EXPECT_TRUE(event->result_due.has_value());
    EXPECT_EQ(event->body_sha256.size(), 64u);
}

TEST(Workflow, TheSameEventInOtherBytesHasAnotherHash)
{
    EXPECT_NE(parse_event(good)->body_sha256, parse_event(good + " ")->body_sha256);
}

TEST(Workflow, RefusesWhatIsNotExactlyAnEvent)
{
    for (auto const& text : {std::string{}, std::string{"null"}, std::string{"[]"}, std::string{"{}"}, std::string{"{"}, good + "x", good + good,
                             replaced("\"e-1\"", "1"), replaced("\"e-1\"", "\"\""), replaced("\"e-1\"", "\"a b\""),
                             replaced("\"e-1\"", "\"" + std::string(101, 'e') + "\""), replaced("00001.G/2026/00108", "no code"),
                             replaced("\"processing\"", "\"PROCESSING\""), replaced("\"processing\"", "null"),
                             replaced("2026-11-21T09:00:00+07:00", "yesterday"), replaced("2026-11-28T17:00:00+07:00", "soon"),
                             replaced("null", "{\"a\":1}"), replaced("\"note\"", "\"nota\""), replaced("Bộ", "B\xE1\xBB"),
                             replaced("null", "\"" + std::string(2001, 'n') + "\"")}) {
        auto const event = parse_event(text);
        ASSERT_FALSE(event.has_value()) << text;
        EXPECT_EQ(event.error().code, fault::FaultCode::json_malformed) << text;
    }
}

TEST(Workflow, StaysWithinItsBounds)
{
    EXPECT_EQ(parse_event(std::string(intake::event_bytes_max + 1, ' ')).error().code, fault::FaultCode::body_too_large);
    EXPECT_FALSE(parse_event(std::string(intake::event_bytes_max, '[')).has_value()) << "deep nesting is no event";
    EXPECT_FALSE(parse_event("{\"event_id\":" + std::string(8000, '[')).has_value());
}

struct Desk {
    CannedArchive archive;
    intake::Workflow workflow{archive};
    net::io_context context{1};
    intake::Reply send(std::string body, std::string type = "application/json")
    {
        intake::Request request;
        request.headers = {{"Content-Type", std::move(type)}};
        request.body = std::move(body);
        request.trace = observe::new_trace();
        return support::run_task(context, workflow.handle(std::move(request)));
    }
};

TEST(Workflow, SaysWhetherTheEventWasNew)
{
    Desk desk;
    EXPECT_TRUE(boost::json::parse(desk.send(good).body).at("applied").as_bool());
    desk.archive.applied = false;
    auto const repeat = desk.send(good);
    EXPECT_EQ(repeat.status, 200);
    EXPECT_FALSE(boost::json::parse(repeat.body).at("applied").as_bool());
}

TEST(Workflow, MapsEachNoOfTheStoreToItsCode)
{
    Desk desk;
    for (auto const& [why, code] : {std::pair{store::Refusal::status_unlawful, "GW-5001"}, {store::Refusal::event_conflict, "GW-5002"},
                                    {store::Refusal::not_found, "GW-4006"}, {store::Refusal::unavailable, "GW-4001"}}) {
        desk.archive.applied = CannedArchive::failure(why);
        EXPECT_EQ(code_of(desk.send(good)), code);
    }
}

TEST(Workflow, TakesJsonAlone)
{
    Desk desk;
    EXPECT_EQ(code_of(desk.send(good, "text/plain")), "GW-1015");
    EXPECT_EQ(desk.send(good, "Application/JSON; charset=UTF-8").status, 200);
}

}  // namespace
