#pragma once

// The project's alias header for Asio: no file spells long namespaces. The executor is in the type: everything
// of one session runs on one core's single-threaded io_context, an implicit strand.

#include "gateway/runtime/timer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace net = boost::asio;

namespace runtime {
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, IoExecutor>;
using Socket = net::basic_stream_socket<net::ip::tcp, IoExecutor>;
// I/O results come back as values, and every error is handled.
inline constexpr auto as_result = net::as_tuple(net::use_awaitable_t<IoExecutor>{});
}  // namespace runtime
