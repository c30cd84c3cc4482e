#include "gateway/runtime/turns.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <deque>
#include <map>
#include <string>
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
    using Line = std::deque<std::unique_ptr<Waiter>>;

    explicit Lines(net::io_context& c) : context{c} {}

    void post_next()
    {
        net::post(context, [mine = weak_from_this()] {
            if (auto const self = mine.lock()) self->next();
        });
    }

    void next()
    {
        if (round.empty()) {
            taken = false;
            return;
        }
        auto const line = round.front();
        round.pop_front();
        auto const waiter = std::move(line->second.front());
        line->second.pop_front();
        if (line->second.empty()) of_party.erase(line);
        else round.push_back(line);
        --waiting;
        waiter->go_on();  // until it next waits
        post_next();
    }

    void wait(std::string_view party, std::unique_ptr<Waiter> waiter)
    {
        auto const line = of_party.try_emplace(std::string{party}).first;
        if (line->second.empty()) round.push_back(line);
        line->second.push_back(std::move(waiter));
        ++waiting;
    }

    net::io_context& context;
    std::map<std::string, Line, std::less<>> of_party;  // only of those who wait
    std::deque<std::map<std::string, Line, std::less<>>::iterator> round;
    std::size_t waiting = 0;
    bool taken = false;  // and next() posted
};

Turns::Turns(net::io_context& context) : lines_{std::make_shared<Lines>(context)} {}
Turns::~Turns() = default;

std::size_t Turns::waiting() const noexcept { return lines_->waiting; }

Task<void> Turns::take(std::string_view party)
{
    auto& lines = *lines_;
    if (!lines.taken) {
        lines.taken = true;
        lines.post_next();
        co_return;
    }
    auto initiate = [&lines, party](auto handler) {
        lines.wait(party, std::make_unique<Held<decltype(handler)>>(std::move(handler)));
    };
    co_await net::async_initiate<net::use_awaitable_t<IoExecutor> const, void()>(std::move(initiate), use_task);
}

}  // namespace runtime
