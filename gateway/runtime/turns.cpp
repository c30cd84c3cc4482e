#include "gateway/runtime/turns.hpp"

#include "gateway/runtime/rounds.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace runtime {
namespace {

// One that waits: resumed once, or destroyed.
struct Waiter {
    virtual ~Waiter() = default;
    virtual void go_on() = 0;
};

template <class Handler>
struct Held final : Waiter {
    explicit Held(Handler given) : handler{std::move(given)} {}
    void go_on() override { std::move(handler)(); }
    Handler handler;
};

}  // namespace

struct Turns::Lines : std::enable_shared_from_this<Lines> {
    explicit Lines(net::io_context& c) : context{c} {}

    void post_next()
    {
        net::post(context, [mine = weak_from_this()] {
            if (auto const self = mine.lock()) self->next();
        });
    }

    void next()
    {
        if (waiting.empty()) {
            taken = false;
            return;
        }
        waiting.take()->go_on();  // until it next waits
        post_next();
    }

    net::io_context& context;
    Rounds<std::unique_ptr<Waiter>> waiting;
    bool taken = false;  // and next() posted
};

Turns::Turns(net::io_context& context) : lines_{std::make_shared<Lines>(context)} {}
Turns::~Turns() = default;

std::size_t Turns::waiting() const noexcept { return lines_->waiting.size(); }

Task<void> Turns::take(std::string_view party)
{
    auto& lines = *lines_;
    if (!lines.taken) {
        lines.taken = true;
        lines.post_next();
        co_return;
    }
    auto initiate = [&lines, party](auto handler) {
        lines.waiting.put(party, std::make_unique<Held<decltype(handler)>>(std::move(handler)));
    };
    co_await net::async_initiate<net::use_awaitable_t<IoExecutor> const, void()>(std::move(initiate), use_task);
}

}  // namespace runtime
