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

// Of the receipt's Location: /v1/dossiers/{id}
std::string id_of(intake::Reply const& receipt)
{
    for (auto const& [name, value] : receipt.headers)
        if (name == "Location") return value.substr(value.rfind('/') + 1);
    return {};
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

std::shared_ptr<Filing> Senders::make(std::size_t provider, std::size_t n, bool forged)
{
    auto const& office = Office::shared();
    auto const& sample = office.sample(provider, n);
    auto filing = std::make_shared<Filing>();
    filing->number = ++last_number_;
    filing->provider = provider;
    filing->sample = n;
    filing->provider_code = Office::provider_code(provider);
    filing->key = "key-" + std::to_string(filing->number);
    filing->unit = sample.unit;
    filing->forged = forged;
    filing->xml = random_.chance(0.2);
    filing->body = std::make_shared<std::string const>(forged ? office.forged(sample, filing->number) : office.sound(sample, filing->number));
    filing->content_sha256 = signing::hex(signing::sha256(*filing->body));
    checker_.filed(*filing);
    return filing;
}

std::shared_ptr<Filing> Senders::under_another_key(Filing const& filing)
{
    auto other = std::make_shared<Filing>(filing);
    other->number = ++last_number_;
    other->key = "key-" + std::to_string(other->number);
    checker_.filed(*other);
    return other;
}

template <class T>
void Senders::start(runtime::Task<T> task)
{
    ++busy_;
    auto done = [this](std::exception_ptr error, auto&&...) {
        if (error) checker_.violate(0, "an exception left a sender");
        --busy_;
    };
    net::co_spawn(context_->get_executor(), std::move(task), std::move(done));
}

void Senders::file(std::size_t dossiers, Micros over)
{
    for (std::size_t n = 0; n < dossiers; ++n) {
        auto const filing = make(random_.below(Office::providers), random_.below(Office::samples), random_.chance(0.03));
        auto const begins = random_.between(0us, over);
        if (!filing->forged && random_.chance(0.02)) {
            // Two machines of one sender took the same dossier from a list, each with a key of its own.
            filing->raced = true;
            start(insist(under_another_key(*filing), begins));
            start(insist(filing, begins));
            continue;
        }
        start(life(filing, begins));
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
    auto const answer = co_await insist(filing);

    if (random_.chance(0.1)) {
        co_await sleep(random_.about(40min));  // the receipt was mislaid
        co_await insist(filing);
    }
    if (filing->forged && random_.chance(0.5)) {
        // Corrected, under the same key: a refusal does not use it up.
        auto corrected = make(filing->provider, random_.below(Office::samples), false);
        corrected->key = filing->key;
        co_await insist(corrected);
    } else if (!filing->forged && random_.chance(0.03)) {
        auto other = make(filing->provider, random_.below(Office::samples), false);
        other->key = filing->key;
        other->used_key = true;
        co_await insist(other);
    } else if (!filing->forged && answer && random_.chance(0.03)) {
        auto again = under_another_key(*filing);  // as if it had never been sent
        again->sent_before = true;
        co_await insist(again);
    } else if (!filing->forged && answer && random_.chance(0.04)) {
        co_await correct(filing, *answer);
    }
}

runtime::Task<void> Senders::correct(std::shared_ptr<Filing const> filing, intake::Reply receipt)
{
    co_await sleep(random_.about(10min));
    bool const same_bytes = random_.chance(0.4);
    auto const correction = same_bytes ? under_another_key(*filing) : make(filing->provider, filing->sample, false);
    correction->sent_before = same_bytes;
    correction->corrects_nothing = random_.chance(0.2);
    correction->corrects = correction->corrects_nothing ? "00000000-0000-7000-8000-000000000000" : id_of(receipt);
    co_await insist(correction);
    if (random_.chance(0.3)) co_await insist(correction);
}

runtime::Task<std::optional<intake::Reply>> Senders::insist(std::shared_ptr<Filing const> filing, Micros begins)
{
    if (begins > 0us) co_await sleep(begins);
    // What was sent before, or by another at once, a hash finds whatever becomes of this one.
    bool const may_ask = !filing->sent_before && !filing->raced;
    for (unsigned tries = 0;; ++tries) {
        auto const reply = co_await call(filing, Call::file);
        auto const number = static_cast<std::int64_t>(filing->number);
        trace_.say("sender hears", {number, reply ? reply->status : 0});
        bool const later = !reply || reply->status == 503 || reply->status == 429;
        if (!later) {
            checker_.heard(*filing, reply->status);
            co_return reply;
        }
        if (may_ask && random_.chance(0.3)) {
            auto const found = co_await call(filing, Call::ask);
            trace_.say("sender finds", {number, found ? found->status : 0});
            bool const known = found && found->status == 200;
            if (known && random_.chance(0.5)) co_return std::nullopt;
        }
        auto const most = std::min(backoff_max, backoff_first * (1 << std::min(tries, 10u)));
        auto const told = reply ? retry_after(*reply) : Micros{0};
        co_await sleep(told + random_.between(1ms, most));
    }
}

runtime::Task<std::optional<intake::Reply>> Senders::call(std::shared_ptr<Filing const> filing, Call what)
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
    network_.send([this, filing, what, waiting, back = std::move(back)] {
        if (door_(filing, what, back)) return;
        if (auto const here = waiting.lock()) here->limit.cancel();  // connection refused
    });
    co_await exchange->limit.async_wait(runtime::as_result);
    co_return std::move(exchange->reply);
}

}  // namespace sim
