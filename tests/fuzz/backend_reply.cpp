// Whatever the backend answers, the outcome is one of three and its words are short and printable. The input is an
// answer as it comes from the wire; the parser's bounds are the HTTP client's.

#include "gateway/delivery/backend.hpp"
#include "tests/fuzz/must.hpp"

#include <boost/beast/core/buffers_prefix.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    namespace http = boost::beast::http;
    http::response_parser<http::string_body> parser;
    parser.header_limit(32u << 10);
    parser.body_limit(64u << 10);
    parser.eager(true);
    boost::system::error_code ec;
    for (std::size_t used = 0; used < size && !parser.is_done();) {
        auto const n = parser.put(net::buffer(data + used, size - used), ec);
        if (ec && ec != http::error::need_more) return 0;
        if (n == 0) break;
        used += n;
    }
    if (!parser.is_header_done()) return 0;

    runtime::HttpResponse response;
    response.status = parser.get().result_int();
    for (auto const& field : parser.get())
        response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    response.body = parser.get().body();
    auto const outcome = delivery::outcome_of(response, runtime::Instant{});
    must(outcome.reason.size() <= 300 && outcome.retry_after.count() >= 0);
    for (unsigned char const c : outcome.reason) must(c >= 0x20 && c <= 0x7e);
    return 0;
}
