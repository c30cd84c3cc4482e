#include "tests/sim/senders.hpp"

#include "signing/digest.hpp"
#include "tests/sim/office.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

namespace sim {

using namespace std::chrono_literals;

namespace {

constexpr Micros patience = 40s;  // with one request
constexpr Micros backoff_first = 500ms, backoff_max = 300s;

// A place for one answer, and somebody who waits for it.
struct Exchange {
    Exchange(runtime::IoExecutor executor, Micros wait) : limit{executor, wait} {}
    runtime::Timer limit;
    std::optional<intake::Reply> reply;
};

Micros retry_after(intake::Reply const& reply)
{
    for (auto const& [name, value] : reply.headers) {
        int seconds = 0;
        if (name == "Retry-After" && std::from_chars(value.data(), value.data() + value.size(), seconds).ec == std::errc{})
            return std::chrono::seconds{seconds};
    }
    return Micros{0};
}

}  // namespace

Senders::Senders(Calendar& calendar, Random& random, Faults& faults, Trace& trace, Network& network, Checker& checker, Door door)
    : calendar_{calendar}, random_{random}, faults_{faults}, trace_{trace}, network_{network}, checker_{checker}, door_{std::move(door)},
      context_{std::make_unique<net::io_context>(1)}, working_{context_->get_executor()}
{
}

Senders::~Senders()
{
    calendar_.forget(0);
    working_.reset();
    context_.reset();
}

std::shared_ptr<Filing> Senders::make(std::size_t provider, bool forged)
{
    auto const& office = Office::shared();
    auto const& sample = office.sample(provider, random_.below(Office::samples));
    auto filing = std::make_shared<Filing>();
    filing->number = ++last_number_;
    filing->provider = provider;
    filing->provider_code = Office::provider_code(provider);
    filing->key = "key-" + std::to_string(filing->number);
    filing->unit = sample.unit;
    filing->forged = forged;
    filing->xml = random_.chance(0.2);
    filing->body = std::make_shared<std::string const>(forged ? office.forged(sample, filing->number) : office.sound(sample, filing->number));
    filing->content_sha256 = signing::hex(signing::sha256(*filing->body));
    return filing;
}

void Senders::start(runtime::Task<void> task)
{
    ++busy_;
    auto done = [this](std::exception_ptr error) {
        if (error) checker_.violate(0, "an exception left a sender");
        --busy_;
    };
    net::co_spawn(context_->get_executor(), std::move(task), std::move(done));
}

void Senders::file(std::size_t dossiers, Micros over)
{
    for (std::size_t n = 0; n < dossiers; ++n) {
        auto const filing = make(random_.below(Office::providers), random_.chance(0.03));
        checker_.filed(*filing);
        start(life(filing, random_.between(0us, over)));
    }
}

runtime::Task<void> Senders::sleep(Micros time)
{
    runtime::Timer timer{context_->get_executor(), time};
    co_await timer.async_wait(runtime::as_result);
}

runtime::Task<void> Senders::life(std::shared_ptr<Filing const> filing, Micros begins)
{
    co_await sleep(begins);
    if (random_.chance(0.05)) start(insist(filing));  // two threads of one sender, who know nothing of each other
    co_await insist(filing);

    if (random_.chance(0.1)) {
        co_await sleep(random_.about(40min));  // the receipt was mislaid
        co_await insist(filing);
    }
    if (filing->forged && random_.chance(0.5)) {
        // Corrected, under the same key: a refusal does not use it up.
        auto corrected = make(filing->provider, false);
        corrected->key = filing->key;
        co_await insist(corrected);
    } else if (!filing->forged && random_.chance(0.03)) {
        auto other = make(filing->provider, false);
        other->key = filing->key;
        other->used_key = true;
        co_await insist(other);
    }
}

runtime::Task<void> Senders::insist(std::shared_ptr<Filing const> filing)
{
    for (unsigned tries = 0;; ++tries) {
        auto const reply = co_await ask(filing);
        auto const number = static_cast<std::int64_t>(filing->number);
        trace_.say("sender hears", {number, reply ? reply->status : 0});
        bool const later = !reply || reply->status == 503 || reply->status == 429;
        if (!later) {
            checker_.heard(*filing, reply->status);
            co_return;
        }
        auto const most = std::min(backoff_max, backoff_first * (1 << std::min(tries, 10u)));
        auto const told = reply ? retry_after(*reply) : Micros{0};
        co_await sleep(told + random_.between(1ms, most));
    }
}

runtime::Task<std::optional<intake::Reply>> Senders::ask(std::shared_ptr<Filing const> filing)
{
    auto const exchange = std::make_shared<Exchange>(context_->get_executor(), patience);  // messages under way hold it weakly
    auto const waiting = std::weak_ptr<Exchange>{exchange};
    auto back = [waiting, &network = network_](intake::Reply reply) {
        network.send([waiting, reply = std::move(reply)] {
            auto const here = waiting.lock();
            if (!here || here->reply) return;
            here->reply = reply;
            here->limit.cancel();
        });
    };
    network_.send([this, filing, waiting, back = std::move(back)] {
        if (door_(filing, back)) return;
        if (auto const here = waiting.lock()) here->limit.cancel();  // connection refused
    });
    co_await exchange->limit.async_wait(runtime::as_result);
    co_return std::move(exchange->reply);
}

}  // namespace sim
