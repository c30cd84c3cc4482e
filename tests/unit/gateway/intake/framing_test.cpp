#include "gateway/intake/framing.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace intake {
namespace {

using fault::FaultCode;

struct Refused {
    char const* why;
    std::string raw;
    FaultCode code;
    friend void PrintTo(Refused const& r, std::ostream* out) { *out << r.why; }
};

std::string get(std::string_view fields, std::string_view line = "GET / HTTP/1.1")
{
    return std::string{line} + "\r\n" + std::string{fields} + "\r\n";
}
std::string const host = "Host: hub.example\r\n";

class RefusedHeaders : public testing::TestWithParam<Refused> {};

TEST_P(RefusedHeaders, AreRefusedWithTheirCode)
{
    auto const head = read_head(GetParam().raw, Limits{});
    ASSERT_FALSE(head) << GetParam().why;
    EXPECT_EQ(head.error().code, GetParam().code) << head.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Framing, RefusedHeaders,
    testing::Values(
        Refused{"two lengths", get(host + "Content-Length: 3\r\nContent-Length: 4\r\n"), FaultCode::request_malformed},
        Refused{"one length twice", get(host + "Content-Length: 3\r\nContent-Length: 3\r\n"), FaultCode::request_malformed},
        Refused{"a list of lengths", get(host + "Content-Length: 3, 3\r\n"), FaultCode::request_malformed},
        Refused{"a signed length", get(host + "Content-Length: +3\r\n"), FaultCode::request_malformed},
        Refused{"a negative length", get(host + "Content-Length: -3\r\n"), FaultCode::request_malformed},
        Refused{"a hexadecimal length", get(host + "Content-Length: 0x3\r\n"), FaultCode::request_malformed},
        Refused{"an empty length", get(host + "Content-Length:\r\n"), FaultCode::request_malformed},
        Refused{"a length beyond 64 bits", get(host + "Content-Length: 99999999999999999999\r\n"), FaultCode::request_malformed},
        Refused{"length and chunked", get(host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), FaultCode::request_malformed},
        Refused{"chunked twice", get(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), FaultCode::request_malformed},
        Refused{"gzip, chunked", get(host + "Transfer-Encoding: gzip, chunked\r\n"), FaultCode::coding_unknown},
        Refused{"chunked, gzip", get(host + "Transfer-Encoding: chunked, gzip\r\n"), FaultCode::request_malformed},
        Refused{"chunked, chunked", get(host + "Transfer-Encoding: chunked, chunked\r\n"), FaultCode::request_malformed},
        Refused{"identity", get(host + "Transfer-Encoding: identity\r\n"), FaultCode::request_malformed},
        Refused{"xchunked", get(host + "Transfer-Encoding: xchunked\r\n"), FaultCode::request_malformed},
        Refused{"chunked in HTTP/1.0", get(host + "Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), FaultCode::request_malformed},
        Refused{"a space before the colon", get(host + "Content-Length : 3\r\n"), FaultCode::request_malformed},
        Refused{"a space before the name", get(" Host: a\r\n"), FaultCode::request_malformed},
        Refused{"a folded line", get(host + "X: a\r\n b\r\n"), FaultCode::request_malformed},
        Refused{"no colon", get(host + "Content-Length 3\r\n"), FaultCode::request_malformed},
        Refused{"an empty name", get(host + ": x\r\n"), FaultCode::request_malformed},
        Refused{"a bracket in a name", get(host + "X[]: x\r\n"), FaultCode::request_malformed},
        Refused{"a letter beyond ASCII in a name", get(host + "X\xC3\xA9: x\r\n"), FaultCode::request_malformed},
        Refused{"NUL in a value", get(host + std::string{"X: a\0b\r\n", 8}), FaultCode::request_malformed},
        Refused{"a bare CR in a value", get(host + "X: a\rb\r\n"), FaultCode::request_malformed},
        Refused{"a bare LF", get("Host: a\nX: b\r\n"), FaultCode::request_malformed},
        Refused{"a vertical tab before chunked", get(host + "Transfer-Encoding: \x0B"
                                                            "chunked\r\n"),
                FaultCode::request_malformed},
        Refused{"no Host", get(""), FaultCode::request_malformed},
        Refused{"two Hosts", get(host + host), FaultCode::request_malformed},
        Refused{"a Host with a path", get("Host: a/b\r\n"), FaultCode::request_malformed},
        Refused{"a Host with user information", get("Host: me@a\r\n"), FaultCode::request_malformed},
        Refused{"two Hosts in HTTP/1.0", get(host + host, "GET / HTTP/1.0"), FaultCode::request_malformed},
        Refused{"two Authorizations", get(host + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), FaultCode::request_malformed},
        Refused{"two spaces in the request line", get(host, "GET  / HTTP/1.1"), FaultCode::request_malformed},
        Refused{"a tab in the request line", get(host, "GET\t/ HTTP/1.1"), FaultCode::request_malformed},
        Refused{"a space at the end of the request line", get(host, "GET / HTTP/1.1 "), FaultCode::request_malformed},
        Refused{"no version", get(host, "GET /"), FaultCode::request_malformed},
        Refused{"a small-letter version", get(host, "GET / http/1.1"), FaultCode::request_malformed},
        Refused{"a two-digit version", get(host, "GET / HTTP/1.10"), FaultCode::request_malformed},
        Refused{"HTTP/2.0", get(host, "GET / HTTP/2.0"), FaultCode::http_version_unknown},
        Refused{"HTTP/0.9", get(host, "GET / HTTP/0.9"), FaultCode::http_version_unknown},
        Refused{"a control character in the target", get(host, "GET /\x01 HTTP/1.1"), FaultCode::request_malformed},
        Refused{"a fragment in the target", get(host, "GET /#x HTTP/1.1"), FaultCode::request_malformed},
        Refused{"an asterisk with GET", get(host, "GET * HTTP/1.1"), FaultCode::request_malformed},
        Refused{"a method with a bracket", get(host, "G(T / HTTP/1.1"), FaultCode::request_malformed},
        Refused{"a target too long", get(host, "GET /" + std::string(5000, 'a') + " HTTP/1.1"), FaultCode::target_too_long},
        Refused{"a header too long", get(host + "X: " + std::string(20'000, 'a') + "\r\n"), FaultCode::header_too_large}));

TEST(Framing, TooManyFieldsAreRefused)
{
    std::string fields = host;
    for (int i = 0; i < 200; ++i) fields += "A: b\r\n";
    auto const head = read_head(get(fields), Limits{});
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().code, FaultCode::header_too_large);
}

TEST(Framing, AnOrdinaryHeaderIsReadWhole)
{
    auto const head = read_head("POST /v1/dossiers?x=1 HTTP/1.1\r\nHost: hub.example:8443\r\ncontent-LENGTH: 12 \r\n"
                                "Expect: 100-Continue\r\nX-Empty:\r\n\r\n",
                                Limits{});
    ASSERT_TRUE(head) << head.error().detail;
    EXPECT_EQ(head->method, "POST");
    EXPECT_EQ(head->target, "/v1/dossiers?x=1");
    EXPECT_EQ(head->content_length, 12u);
    EXPECT_TRUE(head->expects_continue);
    EXPECT_FALSE(head->chunked);
    EXPECT_FALSE(head->close);
    ASSERT_EQ(head->fields.size(), 4u);
    EXPECT_EQ(head->fields[1].second, "12") << "blanks around a value are not part of it";
    EXPECT_EQ(head->fields[3].second, "");
}

TEST(Framing, CloseIsFoundInAListAndMeantByHttp10)
{
    EXPECT_TRUE(read_head(get(host + "Connection: upgrade , Close\r\n"), Limits{})->close);
    EXPECT_FALSE(read_head(get(host + "Connection: closed\r\n"), Limits{})->close);
    EXPECT_TRUE(read_head(get("", "GET / HTTP/1.0"), Limits{})->close);
}

TEST(Framing, AnUnknownExpectationLeavesTheFramingSound)
{
    auto const head = read_head(get(host + "Expect: 200-ok\r\n"), Limits{});
    ASSERT_TRUE(head);
    EXPECT_TRUE(head->expects_unknown);
    EXPECT_FALSE(head->expects_continue);
}

TEST(Framing, WhatCannotBecomeARequestIsKnownBeforeItsEnd)
{
    EXPECT_TRUE(doomed("\x16\x03\x01\x02", 0, Limits{})) << "TLS on the plain port";
    EXPECT_TRUE(doomed("GET / HTTP/1.1\n", 0, Limits{}));
    EXPECT_TRUE(doomed("GET / HTTP/3.1\r\nHo", 0, Limits{}));
    EXPECT_TRUE(doomed("GET / HTTP/1.1\r\nX: \x01", 0, Limits{}));
    EXPECT_TRUE(doomed(std::string(10'000, 'a'), 0, Limits{}));
    EXPECT_FALSE(doomed("GET / HTTP/1.1\r", 0, Limits{}));
    EXPECT_FALSE(doomed("GET / HTTP/1.1\r\nHost: a\r\n", 0, Limits{}));
    EXPECT_FALSE(doomed("GE", 0, Limits{}));
}

TEST(Framing, LookingInPiecesFindsWhatLookingAtOnceFinds)
{
    std::string const bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: \rb";
    bool found = false;
    for (std::size_t n = 1; n <= bytes.size(); ++n) found = found || doomed(std::string_view{bytes}.substr(0, n), n - 1, Limits{});
    EXPECT_TRUE(found);
}

TEST(Target, PathAndQueryAreDecoded)
{
    auto const target = read_target("/v1/l%C3%A0?code=04486.G%2F2019%2F08708&empty=&flag&a+b=c+d");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path_decoded, "/v1/là");
    EXPECT_EQ(target->query.at("code"), "04486.G/2019/08708");
    EXPECT_EQ(target->query.at("empty"), "");
    EXPECT_EQ(target->query.at("flag"), "");
    EXPECT_EQ(target->query.at("a b"), "c d");
}

TEST(Target, TheAbsoluteFormIsTaken)
{
    EXPECT_EQ(read_target("http://hub.example:80/v1/x?y=1")->path, "/v1/x");
    EXPECT_EQ(read_target("HTTPS://hub.example")->path, "/");
    EXPECT_EQ(read_target("http://hub.example?a=b")->query.at("a"), "b");
}

TEST(Target, DoubtfulTargetsAreRefused)
{
    for (auto const* target : {"v1/x", "hub.example:443", "**", "ftp://a/", "http://", "http:///x", "http://me@a/x", "/%", "/%4", "/%zz",
                               "/%00", "/%0d%0a", "/%ff%fe", "/x?a=%", "/x?a=%00", "/x?%c0%80=1"}) {
        auto const read = read_target(target);
        ASSERT_FALSE(read) << target;
        EXPECT_EQ(read.error().code, FaultCode::request_malformed) << target;
    }
}

TEST(Target, ARepeatedQueryNameIsRefused)
{
    auto const read = read_target("/x?code=1&c%6fde=2");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, FaultCode::parameter_invalid);
}

}  // namespace
}  // namespace intake
