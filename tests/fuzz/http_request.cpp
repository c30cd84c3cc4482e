// Can any bytes crash the reader of requests, outgrow a bound, or be read by Beast otherwise than by us?

#include "gateway/intake/framing.hpp"
#include "tests/fuzz/must.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string_view>

using fuzz::must;

namespace {

void read_header(std::string_view bytes)
{
    intake::Limits limits;
    limits.header_bytes_max = 4096;
    limits.header_fields_max = 20;
    limits.target_bytes_max = 256;

    auto const end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        (void)intake::doomed(bytes, 0, limits);
        return;
    }
    auto const raw = bytes.substr(0, end + 4);
    auto const head = intake::read_head(raw, limits);
    if (!head) return;
    must(head->fields.size() <= limits.header_fields_max && head->target.size() <= limits.target_bytes_max);
    must(!(head->chunked && head->content_length));
    for (auto const& [name, value] : head->fields) must((name + value).find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos);

    // Whatever is doomed in part is refused whole.
    for (std::size_t n = 0; n < raw.size(); n += 7) must(!intake::doomed(raw.substr(0, n), 0, limits));

    namespace http = boost::beast::http;
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    boost::system::error_code error;
    parser.put(boost::asio::const_buffer{raw.data(), raw.size()}, error);
    if (!error && parser.is_header_done()) {
        must(parser.chunked() == head->chunked);
        must(parser.content_length().value_or(0) == head->content_length.value_or(0));
    }
    auto const target = intake::read_target(head->target);
    if (target) must((target->path.starts_with('/') || target->path == "*") && target->path_decoded.size() <= target->path.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    read_header(fuzz::text_of(data, size));
    return 0;
}
