// Raw HTTP requests that other people collected: gunicorn's and llhttp's own tests, and request smuggling probes
// ($IVAN_VECTORS/http; its README names sources and licences). Each goes byte for byte through the real listener.

#include "tests/support/http_hub.hpp"
#include "tests/support/raw_http.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using support::HttpHub;
using support::RawHttp;

// Where we differ on purpose.
struct Difference {
    std::string_view id, expected, why;
};
constexpr std::array differences{
    Difference{"http/gunicorn/invalid/limit_header_default_01", "accept-framing", "8 KB of fields: our bound is 16 KB"},
    Difference{"http/gunicorn/valid/rfc9112_target_absolute_userinfo_01", "reject",
               "RFC 9110 §4.2.4: user information in a target is to be treated as an error"},
    Difference{"http/llhttp/method/04-m-search-request", "reject", "RFC 9112 §3.2.4: the asterisk is for OPTIONS alone"},
    Difference{"http/llhttp/transfer-encoding/06-chunk-extensions", "reject-host", "without Host it is refused before the body is looked at"},
    Difference{"http/llhttp/transfer-encoding/09-chunk-extensions-quoting", "reject-host", "the same"},
};

struct Case {
    std::string id, expected, raw;
    std::vector<support::RawAnswerRead> answers;
};

std::vector<Case> cases()
{
    auto const* const vectors = std::getenv("IVAN_VECTORS");
    if (!vectors) return {};
    auto const folder = std::filesystem::path{vectors} / "http";
    auto const read = [](std::filesystem::path const& path) {
        std::ifstream file{path, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    auto const text = read(folder / "manifest.json");
    if (text.empty()) return {};
    std::vector<Case> made;
    auto const manifest = boost::json::parse(text);  // named: a temporary would not live through the loop
    for (auto const& one : manifest.as_object().at("cases").as_array()) {
        auto const& object = one.as_object();
        Case c{std::string{object.at("id").as_string()}, std::string{object.at("expected").as_string()},
               read(folder / std::string{object.at("file").as_string()}), {}};
        for (auto const& difference : differences)
            if (difference.id == c.id) c.expected = difference.expected;
        made.push_back(std::move(c));
    }
    return made;
}

// Every path that stands in a request line of the corpus is served, so that a byte taken for a request is answered 200.
std::vector<intake::Route> routes(std::vector<Case> const& all)
{
    std::set<std::pair<std::string, std::string>> seen;
    for (auto const& one : all) {
        for (auto at = one.raw.find(" HTTP/"); at != std::string::npos; at = one.raw.find(" HTTP/", at + 1)) {
            auto const start = one.raw.find_last_of(' ', at - 1);
            if (at == 0 || start == std::string::npos) continue;
            auto const line = std::min(one.raw.find_last_of('\n', start), start);
            auto const method = one.raw.substr(line == start ? 0 : line + 1, start - (line == start ? 0 : line + 1));
            auto path = one.raw.substr(start + 1, at - start - 1);
            path = path.substr(0, path.find_first_of("?#"));
            if (path.starts_with('/') && path.find('%') == std::string::npos) seen.emplace(method == "HEAD" ? "GET" : method, path);
        }
    }
    std::vector<intake::Route> made;
    for (auto const& [method, path] : seen) {
        intake::Route route;
        route.method = method;
        route.path = path;
        route.handle = [](intake::Request) -> runtime::Task<intake::Reply> { co_return intake::Reply::json(200, ""); };
        made.push_back(std::move(route));
    }
    return made;
}

std::string statuses(Case const& one)
{
    std::string text = one.id + " (" + one.expected + "):";
    for (auto const& answer : one.answers) text += " " + std::to_string(answer.status);
    return text;
}

bool says_no(support::RawAnswerRead const& answer)
{
    constexpr std::array statuses{400, 408, 411, 413, 414, 431, 501, 505};  // 408 where the header does not even end
    return std::ranges::find(statuses, answer.status) != statuses.end() && answer.says_close();
}

TEST(HttpVectors, EveryRequestIsFramedOrRefusedAsItMustBe)
{
    auto all = cases();
    if (all.empty()) GTEST_SKIP() << "IVAN_VECTORS names no folder with http/manifest.json";

    HttpHub::Options options;
    options.routes = routes(all);
    options.limits.header_timeout = std::chrono::milliseconds{2000};
    options.limits.idle_timeout = std::chrono::milliseconds{2000};
    options.limits.body_grace = std::chrono::milliseconds{2000};
    options.limits.body_timeout = std::chrono::milliseconds{2000};
    options.limits.close_timeout = std::chrono::milliseconds{100};
    HttpHub hub{std::move(options)};

    // All connections at once, so that the waits of those who never finish run side by side.
    std::vector<std::unique_ptr<RawHttp>> clients;
    for (auto const& one : all) clients.emplace_back(std::make_unique<RawHttp>(hub.port()))->send(one.raw);
    for (std::size_t i = 0; i < all.size(); ++i) {
        bool const to_head = all[i].raw.starts_with("HEAD ");
        for (auto answer = clients[i]->read(to_head); answer.status != 0; answer = clients[i]->read(to_head))
            if (answer.status != 100) all[i].answers.push_back(std::move(answer));
    }

    std::map<std::string, unsigned> counted;
    for (auto const& one : all) {
        ++counted[one.expected];
        auto const& answers = one.answers;
        if (one.expected == "reject") {
            EXPECT_LE(answers.size(), 1u) << statuses(one);
            EXPECT_TRUE(answers.empty() || says_no(answers[0])) << statuses(one);
        } else if (one.expected == "reject-host") {
            EXPECT_TRUE(answers.size() == 1 && answers[0].status == 400 && answers[0].says_close()) << statuses(one);
        } else if (one.expected == "incomplete") {
            EXPECT_TRUE(answers.empty() || (answers.size() == 1 && answers[0].status == 408)) << statuses(one);
        } else if (one.expected == "accept-framing") {
            ASSERT_FALSE(answers.empty()) << statuses(one);
            EXPECT_NE(answers[0].status, 408) << statuses(one);
            for (auto const& answer : answers) EXPECT_NE(answer.status, 400) << statuses(one);  // a begun second request may end in 408
        } else {
            EXPECT_EQ(one.expected, "policy") << one.id;
            for (std::size_t i = 0; i + 1 < answers.size(); ++i) EXPECT_FALSE(answers[i].says_close()) << statuses(one);
            // What lies behind the boundary is no request: it may be refused, never served.
            if (one.id.find("/smuggling/") != std::string::npos) {
                EXPECT_TRUE(answers.size() < 2 || (answers.size() == 2 && says_no(answers[1]))) << statuses(one);
            }
        }
    }
    EXPECT_GE(counted["reject"], 50u);
    EXPECT_GE(counted["accept-framing"], 20u);
    EXPECT_TRUE(hub.surprises().empty());
    RawHttp after{hub.port()};
    EXPECT_EQ(after.ask("GET /nowhere/at/all HTTP/1.1\r\nHost: a\r\n\r\n").status, 404) << "the hub serves on";
}

}  // namespace
