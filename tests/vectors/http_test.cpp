// Raw HTTP requests that other people collected: gunicorn's and llhttp's own tests, and request smuggling probes
// ($IVAN_VECTORS/http; its README names sources and licences). Each goes byte for byte through the real listener.

#include "tests/support/http_hub.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using support::HttpHub;
using support::RawHttp;
using vectors::Difference;
using vectors::Tally;

// Where we differ on purpose, and what holds instead.
constexpr std::array differences{
    Difference{"http/gunicorn/invalid/limit_header_default_01", "8 KB of fields: our bound is 16 KB"},
    Difference{"http/gunicorn/valid/rfc9112_target_absolute_userinfo_01",
               "RFC 9110 §4.2.4: user information in a target is to be treated as an error"},
    Difference{"http/llhttp/method/04-m-search-request", "RFC 9112 §3.2.4: the asterisk is for OPTIONS alone"},
    Difference{"http/llhttp/transfer-encoding/06-chunk-extensions", "without Host it is refused before the body is looked at"},
    Difference{"http/llhttp/transfer-encoding/09-chunk-extensions-quoting", "without Host it is refused before the body is looked at"},
};
constexpr std::array<std::string_view, differences.size()> holds_instead{"accept-framing", "reject", "reject", "reject-host", "reject-host"};

struct Case {
    std::string id, expected, raw;
    std::vector<support::RawAnswerRead> answers;
};

std::vector<Case> cases(std::filesystem::path const& folder)
{
    auto const read = [](std::filesystem::path const& path) {
        std::ifstream file{path, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    auto const text = read(folder / "manifest.json");
    std::vector<Case> made;
    auto const manifest = boost::json::parse(text);  // named: a temporary would not live through the loop
    for (auto const& one : manifest.as_object().at("cases").as_array()) {
        auto const& object = one.as_object();
        Case c{std::string{object.at("id").as_string()}, std::string{object.at("expected").as_string()},
               read(folder / std::string{object.at("file").as_string()}), {}};
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
    std::string text = one.expected + ":";
    for (auto const& answer : one.answers) text += " " + std::to_string(answer.status);
    return text;
}

bool says_no(support::RawAnswerRead const& answer)
{
    constexpr std::array statuses{400, 408, 411, 413, 414, 431, 501, 505};  // 408 where the header does not even end
    return std::ranges::find(statuses, answer.status) != statuses.end() && answer.says_close();
}

// Whether the answers are those that the README of the corpus demands under this word.
bool holds(std::string_view expected, Case const& one)
{
    auto const& answers = one.answers;
    if (expected == "reject") return answers.empty() || (answers.size() == 1 && says_no(answers[0]));
    if (expected == "reject-host") return answers.size() == 1 && answers[0].status == 400 && answers[0].says_close();
    if (expected == "incomplete") return answers.empty() || (answers.size() == 1 && answers[0].status == 408);
    if (expected == "accept-framing")  // a begun second request may end in 408
        return !answers.empty() && answers[0].status != 408 && std::ranges::none_of(answers, [](auto const& answer) { return answer.status == 400; });
    if (expected != "policy") return false;
    for (std::size_t i = 0; i + 1 < answers.size(); ++i)
        if (answers[i].says_close()) return false;
    // What lies behind the boundary is no request: it may be refused, never served.
    return one.id.find("/smuggling/") == std::string::npos || answers.size() < 2 || (answers.size() == 2 && says_no(answers[1]));
}

TEST(HttpVectors, EveryRequestIsFramedOrRefusedAsItMustBe)
{
    Tally tally{"http", differences};
    auto const folder = tally.vectors("http/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto all = cases(*folder);

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
        tally.judge(one.id, holds(one.expected, one), statuses(one));
        auto const* const difference = std::ranges::find(differences, one.id, &Difference::id);
        if (difference != differences.end()) {
            EXPECT_TRUE(holds(holds_instead.at(static_cast<std::size_t>(difference - differences.begin())), one)) << one.id << " " << statuses(one);
        }
    }
    EXPECT_GE(counted["reject"], 50u);
    EXPECT_GE(counted["accept-framing"], 20u);
    EXPECT_TRUE(hub.surprises().empty());
    RawHttp after{hub.port()};
    EXPECT_EQ(after.ask("GET /nowhere/at/all HTTP/1.1\r\nHost: a\r\n\r\n").status, 404) << "the hub serves on";
}

}  // namespace
