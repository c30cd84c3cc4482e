// Addresses, and one exchange with a source that answers, lags or lies.

#include "gateway/revocation/fetch.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace {

using revocation::Job;
using revocation::Kind;
using revocation::Outcome;
using support::RawAnswer;
using support::RawServer;

TEST(ReadAddress, TakesPlainHttpWithHostPortAndPath)
{
    auto const full = revocation::read_address("HTTP://CA.example.vn:8080/a/ca.crl?x=1");
    ASSERT_TRUE(full.has_value());
    EXPECT_EQ(full->base, "http://ca.example.vn:8080");
    EXPECT_EQ(full->host, "ca.example.vn");
    EXPECT_EQ(full->target, "/a/ca.crl?x=1");
    EXPECT_EQ(revocation::read_address("http://a")->target, "/");
    EXPECT_EQ(revocation::read_address("http://a?q")->target, "/?q");
    EXPECT_EQ(revocation::read_address("http://[::1]:80/x")->host, "[::1]");
}

TEST(ReadAddress, RefusesEverythingElse)
{
    for (auto const* url : {"", "http://", "http:///x", "https://a/x", "ldap://a/x", "file:///x", "http://user@a/x", "http://a/x y", "http://a/\r\nHost: b",
                            "http://a/#part", "http://:80/x", "//a/x", "http://a\\b/", "http://a:/x", "http://a:0/x", "http://a:65536/x",
                            "http://a:80b/x", "http://a:-1/x", "http://a:1:2/x", "http://[::1/x", "http://[]/x", "http://[::1]x/", "http://a]/x", "http://::1/x"})
        EXPECT_FALSE(revocation::read_address(url).has_value()) << url;
    EXPECT_TRUE(revocation::read_address("http://a/" + std::string(revocation::address_bytes_max - 9, 'x')).has_value());
    EXPECT_FALSE(revocation::read_address("http://a/" + std::string(revocation::address_bytes_max - 8, 'x')).has_value());
}

TEST(Allowed, AnyHostWhereNoneIsListedElseThoseAndWhatLiesBelow)
{
    EXPECT_TRUE(revocation::allowed("", "a"));
    EXPECT_TRUE(revocation::allowed(" ", "a"));
    EXPECT_TRUE(revocation::allowed("crl.example.vn, .ca.vn", "CRL.example.vn"));
    EXPECT_TRUE(revocation::allowed("crl.example.vn, .ca.vn", "x.ca.vn"));
    EXPECT_FALSE(revocation::allowed("crl.example.vn, .ca.vn", "ca.vn"));
    EXPECT_FALSE(revocation::allowed("crl.example.vn, .ca.vn", "evilca.vn"));
    EXPECT_FALSE(revocation::allowed("crl.example.vn, .ca.vn", "crl.example.vn.evil.vn"));
}

struct FetchTest : testing::Test {
    net::io_context context{1};
    revocation::RevocationConfig config = [] {
        revocation::RevocationConfig made;
        made.fetch_timeout = std::chrono::milliseconds{2000};
        made.crl_bytes_max = 1000;
        return made;
    }();
    revocation::Fetched get(std::string const& url, revocation::Version held = {})
    {
        return support::run_task(context, revocation::fetch(context, config, Job{"k", Kind::crl, url, {}, {}}, std::move(held)));
    }
};

TEST_F(FetchTest, BringsTheBytesAndTheVersion)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("list", 200, "ETag: \"e\"\r\nLast-Modified: then\r\n")}; }};
    auto const fetched = get(server.url() + "/ca.crl");
    EXPECT_EQ(fetched.outcome, Outcome::fetched) << fetched.trouble;
    EXPECT_EQ(fetched.bytes, "list");
    EXPECT_EQ(fetched.version.etag, "\"e\"");
    EXPECT_EQ(fetched.version.last_modified, "then");
    EXPECT_NE(server.requests().at(0).find("GET /ca.crl HTTP/1.1"), std::string::npos);
}

// Kept as they came, they would be no text in the kept file, and the evidence would be lost at the next start.
TEST_F(FetchTest, ValidatorsOfOtherBytesAreAsIfThereWereNone)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("list", 200, "ETag: \"\xE9\"\r\nLast-Modified: a\tb\r\n")}; }};
    auto const fetched = get(server.url() + "/ca.crl");
    EXPECT_EQ(fetched.outcome, Outcome::fetched) << fetched.trouble;
    EXPECT_EQ(fetched.version.etag, "");
    EXPECT_EQ(fetched.version.last_modified, "");
}

TEST_F(FetchTest, AsksForANewerVersionOnlyAndTakesUnchangedForAnAnswer)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("", 304)}; }};
    EXPECT_EQ(get(server.url() + "/x", {"\"e\"", "then"}).outcome, Outcome::unchanged);
    EXPECT_NE(server.requests().at(0).find("If-None-Match: \"e\""), std::string::npos);
    EXPECT_NE(server.requests().at(0).find("If-Modified-Since: then"), std::string::npos);
}

TEST_F(FetchTest, FollowsNoRedirect)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("", 302, "Location: /elsewhere\r\n")}; }};
    auto const fetched = get(server.url() + "/x");
    EXPECT_EQ(fetched.outcome, Outcome::failed);
    EXPECT_EQ(fetched.trouble, "HTTP status 302");
    EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(FetchTest, TakesNoMoreThanItsBound)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok(std::string(1001, 'x'))}; }};
    EXPECT_EQ(get(server.url() + "/x").outcome, Outcome::failed);
}

TEST_F(FetchTest, EndsWhenTheSourceHangsBreaksOffOrIsAway)
{
    config.fetch_timeout = std::chrono::milliseconds{50};
    RawServer hanging{context, [](auto const&) { return RawAnswer{"", false, true}; }};
    EXPECT_EQ(get(hanging.url() + "/x").outcome, Outcome::failed);
    RawServer breaking{context, [](auto const&) { return RawAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", true, false}; }};
    EXPECT_EQ(get(breaking.url() + "/x").outcome, Outcome::failed);
    auto const nobody = breaking.url();
    breaking.stop_listening();
    EXPECT_EQ(get(nobody + "/x").outcome, Outcome::failed);
}

TEST_F(FetchTest, AsksNobodyOutsideTheListedHosts)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("list")}; }};
    config.hosts = "crl.example.vn";
    auto const fetched = get(server.url() + "/x");
    EXPECT_EQ(fetched.outcome, Outcome::failed);
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(FetchTest, AnEmptyAnswerIsNone)
{
    RawServer server{context, [](auto const&) { return RawAnswer{RawServer::ok("")}; }};
    EXPECT_EQ(get(server.url() + "/x").outcome, Outcome::failed);
}

}  // namespace
