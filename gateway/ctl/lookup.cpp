#include "gateway/ctl/call.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/ctl/peer.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

struct Options {
    Peer peer;
    std::string code;
};

void lookup(Context& context, Options const& options)
{
    net::io_context io{1};
    runtime::HttpClient client{io, options.peer.client()};
    runtime::HttpRequest request{"GET", "/v1/lookup?code=" + percent_encoded(options.code), options.peer.headers(), ""};
    auto answer = finish(io, client.send(std::move(request), runtime::Deadline::after(options.peer.timeout()), true));
    if (!answer) throw std::runtime_error(fmt::format("{}: {}", options.peer.url, answer.error().message()));

    boost::system::error_code error;
    auto const body = boost::json::parse(answer->body, error);
    if (error) throw std::runtime_error(fmt::format("HTTP {} without JSON", answer->status));
    if (answer->status != 200) context.worsen(answer->status < 500 ? Verdict::no : Verdict::trouble);
    context.answer(body, plain(answer->body));
}

}  // namespace

// The public look-up of QĐ 352 art. 12: agency, department, day received, day of the result, status.
void add_lookup(CLI::App& app, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("lookup", "The public status of a case code");
    command->add_option("code", options->code, "Case code, as printed on the receipt")->required();
    options->peer.declare(*command);
    command->callback([&context, options] { lookup(context, *options); });
}

}  // namespace ctl
