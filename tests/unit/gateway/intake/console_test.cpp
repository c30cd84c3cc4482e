#include "gateway/intake/console.hpp"

#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace std::chrono_literals;

struct Desk {
    support::TemporaryDirectory directory;
    observe::Metrics metrics;
    intake::Health health{{"store"}, 10s, metrics};
    std::unique_ptr<intake::Console> console;

    Desk()
    {
        std::ofstream{directory.path() / "index.html"} << "<!doctype html>";
        std::ofstream{directory.path() / "secret.txt"} << "secret";
        console = std::make_unique<intake::Console>(
            directory.path(), intake::Console::Parts{metrics, health, [] { return boost::json::object{{"alarms", boost::json::array{"queue_old"}}}; }});
    }
    intake::Reply file(std::string name)
    {
        intake::Request request;
        request.path_parameter = std::move(name);
        request.trace = observe::new_trace();
        net::io_context context{1};
        return support::run_task(context, console->file(std::move(request)));
    }
};

TEST(Console, ServesItsOwnFilesAndNoOther)
{
    Desk desk;
    auto const page = desk.file("");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body, "<!doctype html>");
    EXPECT_TRUE(page.content_type.starts_with("text/html"));
    for (auto const* name : {"secret.txt", "../secret.txt", "/etc/passwd", "..", "index.html/..", "console.js"}) EXPECT_EQ(desk.file(name).status, 404) << name;
}

TEST(Console, AllowsNoForeignHost)
{
    Desk desk;
    auto const page = desk.file("index.html");
    bool found = false;
    for (auto const& [name, value] : page.headers) found = found || (name == "Content-Security-Policy" && value.starts_with("default-src 'none'"));
    EXPECT_TRUE(found);
}

TEST(Console, GivesTheNumbersBehindThePage)
{
    Desk desk;
    desk.metrics.accepted("VNPT", false);
    desk.metrics.accepted("VNPT", true);
    desk.metrics.refused("VNPT", "GW-2009");
    desk.metrics.refused("TS24", "GW-2009");
    desk.metrics.refused("TS24", "GW-3013");
    auto const body = boost::json::parse(desk.file("data.json").body);
    EXPECT_EQ(body.at("accepted").to_number<int>(), 1);
    EXPECT_EQ(body.at("repeated").to_number<int>(), 1);
    EXPECT_EQ(body.at("refusals").at("GW-2009").to_number<int>(), 2) << "over all providers";
    EXPECT_EQ(body.at("refusals").at("GW-3013").to_number<int>(), 1);
    EXPECT_FALSE(body.at("ready").as_bool());
    EXPECT_EQ(body.at("delivery").at("alarms").as_array().size(), 1u);
}

TEST(Console, SumsALabelOfAnyText)
{
    auto const sums = intake::sum_by("# HELP x\nx_total{code=\"a\",p=\"1\"} 2\nx_total{p=\"2\",code=\"a\"} 3\nx_total_created{code=\"a\"} 9\nx_total{\nx_total\nx_total{}", "x_total", "code");
    ASSERT_EQ(sums.size(), 1u);
    EXPECT_EQ(sums.at("a"), 5);
    EXPECT_TRUE(intake::sum_by("", "x", "y").empty());
}

}  // namespace
