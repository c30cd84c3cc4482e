#include "gateway/intake/notices.hpp"

#include "tests/support/canned_archive.hpp"
#include "tests/support/submitting.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using support::CannedArchive;
using support::code_of;

intake::Request asking(std::map<std::string, std::string> query)
{
    intake::Request request;
    request.method = "GET";
    request.query = std::move(query);
    request.admitted = support::admitted_provider({"00040"});
    request.trace = observe::new_trace();
    return request;
}

store::Notice a_notice(std::int64_t cursor)
{
    store::Notice notice;
    notice.cursor = cursor;
    notice.kind = "status";
    notice.case_code = "00001.G/2026/00108";
    notice.status = dossier::Status::done;
    return notice;
}

struct Desk {
    CannedArchive archive;
    intake::NoticesConfig config{.waiters_max = 1, .poll_interval = std::chrono::milliseconds{1}};
    intake::Notices notices{config, archive};
    net::io_context context{1};
    intake::Reply ask(std::map<std::string, std::string> query) { return support::run_task(context, notices.handle(asking(std::move(query)))); }
};

TEST(Notices, AnswersWhatThereIsWithTheCursorToGoOnFrom)
{
    Desk desk;
    desk.archive.rows = std::vector{a_notice(4), a_notice(9)};
    auto const body = boost::json::parse(desk.ask({{"after", "3"}, {"limit", "2"}}).body);
    EXPECT_EQ(body.at("cursor").as_int64(), 9);
    EXPECT_EQ(body.at("notices").as_array().size(), 2u);
    EXPECT_EQ(body.at("notices").at(0).at("status").at("id").as_string(), "done");
    EXPECT_EQ(desk.archive.asked.back(), "notices THAISON 3 2");
}

TEST(Notices, KeepsTheCursorWhereThereIsNothing)
{
    Desk desk;
    EXPECT_EQ(boost::json::parse(desk.ask({{"after", "7"}}).body).at("cursor").as_int64(), 7);
    EXPECT_EQ(desk.archive.asked.size(), 1u) << "without wait it asks once";
}

TEST(Notices, HoldsTheAnswerBackUntilThereIsOne)
{
    Desk desk;
    desk.archive.empty_rounds = 3;
    desk.archive.rows = std::vector{a_notice(1)};
    auto const body = boost::json::parse(desk.ask({{"wait", "30"}}).body);
    EXPECT_EQ(body.at("notices").as_array().size(), 1u);
    EXPECT_EQ(desk.archive.asked.size(), 4u);
}

TEST(Notices, HoldsOneProvidersLongPollsToTheirBoundAndGivesThePlaceBack)
{
    Desk desk;
    desk.archive.empty_rounds = 1'000'000;
    std::optional<intake::Reply> held;
    net::co_spawn(desk.context.get_executor(), desk.notices.handle(asking({{"wait", "30"}})),
                  [&](std::exception_ptr, intake::Reply reply) { held = std::move(reply); });
    support::run_until(desk.context, [&] { return !desk.archive.asked.empty(); });
    EXPECT_EQ(code_of(desk.ask({{"wait", "30"}})), "GW-1106");
    EXPECT_EQ(desk.ask({}).status, 200) << "who does not wait takes no place";

    desk.notices.stop();
    support::run_until(desk.context, [&] { return held.has_value(); });
    EXPECT_EQ(held->status, 200) << "a stopping gateway lets its waiters go with what there is";
    EXPECT_EQ(desk.ask({{"wait", "30"}}).status, 200) << "the place is free again";
}

TEST(Notices, RefusesParametersThatAreNoWholeNumbersInBounds)
{
    Desk desk;
    for (auto const& [name, value] : std::map<std::string, std::vector<std::string>>{
             {"after", {"-1", "", "1 ", "0x1", "99999999999999999999", "1.0", "+1"}}, {"wait", {"31", "-1", "x"}}, {"limit", {"0", "501", "all"}}})
        for (auto const& text : value) EXPECT_EQ(code_of(desk.ask({{name, text}})), "GW-1013") << name << "=" << text;
    EXPECT_TRUE(desk.archive.asked.empty());
}

TEST(Notices, SaysUnavailableWhereTheStoreIs)
{
    Desk desk;
    desk.archive.rows = CannedArchive::failure(store::Refusal::unavailable);
    EXPECT_EQ(desk.ask({{"wait", "5"}}).status, 503);
}

}  // namespace
