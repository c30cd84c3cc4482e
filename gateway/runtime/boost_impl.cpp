// The bodies of Asio, Beast and Boost.JSON, compiled once for the whole project.
//
// Their assertions end the process, as ours do; but for one. Beast 1.81 asserts that the end of an empty chunked body
// comes in at least five bytes: a peer that sends "0\r\n" and then one byte more would end the gateway. The code behind
// the assertion is right (it asks for more bytes), and later releases of Beast assert what is true
// (boostorg/beast pull request 2861). Found by the fuzz target backend_reply.
#define BOOST_ENABLE_ASSERT_HANDLER

#include "gateway/runtime/assert.hpp"

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>

#include <string_view>

namespace boost {

void assertion_failed(char const* expression, char const* function, char const* file, long line)
{
    bool const too_strict =
        std::string_view{expression} == "n >= 5" && std::string_view{function}.find("parse_chunk_header") != std::string_view::npos;
    if (!too_strict) runtime::assertion_failed(expression, file, static_cast<int>(line));
}

void assertion_failed_msg(char const* expression, char const*, char const*, char const* file, long line)
{
    runtime::assertion_failed(expression, file, static_cast<int>(line));
}

}  // namespace boost
