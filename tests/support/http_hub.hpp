#pragma once

// The real listener, sessions, router and admission on loopback, with handlers a test gives. One core, one thread.
//
// Threads: the constructor's thread owns it; the server runs on its own. Handlers run there.

#include "gateway/intake/listener.hpp"
#include "gateway/runtime/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace support {

class HttpHub {
public:
    struct Options {
        intake::Limits limits;
        std::vector<intake::Route> routes;
        std::vector<providers::Provider> providers;
        std::optional<intake::TlsConfig> tls;
        intake::ClientCertificates* clients = nullptr;
    };

    explicit HttpHub(Options options)
        : limits{options.limits}, router{std::move(options.routes)},
          admission{std::make_shared<providers::Registry const>(std::move(options.providers)), limits, clock, metrics},
          tasks_{context_, [this](std::string const& name, std::string const& what) { surprise(name + ": " + what); }},
          listener_{context_, listener_config(std::move(options.tls)), intake::Services{admission, metrics, clock, limits, router, &cpu_, options.clients}}
    {
        listener_.start(tasks_);
        thread_ = std::jthread{[this] { context_.run(); }};
    }
    HttpHub(HttpHub const&) = delete;
    HttpHub& operator=(HttpHub const&) = delete;
    ~HttpHub()
    {
        stop(std::chrono::milliseconds{0});
        work_.reset();
        thread_.join();
        cpu_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

    // Tells the group to stop, as the server does; returns when it is empty.
    void stop(std::chrono::milliseconds polite)
    {
        begin_stop();
        std::promise<void> done;
        auto drain = [](runtime::TaskGroup& tasks, std::chrono::milliseconds wait, std::promise<void>& p) -> runtime::Task<void> {
            co_await tasks.drained(wait);
            p.set_value();
        };
        net::co_spawn(context_.get_executor(), drain(tasks_, polite, done), net::detached);
        done.get_future().wait();
    }
    void begin_stop() { stop_begun().wait(); }
    // The same, where the core has something else to do first.
    [[nodiscard]] std::future<void> stop_begun()
    {
        auto close = [](intake::Listener& listener, runtime::TaskGroup& tasks) -> runtime::Task<void> {
            co_await listener.stop_accepting();
            tasks.stop();
        };
        return net::co_spawn(context_.get_executor(), close(listener_, tasks_), net::use_future);
    }
    void announce_stop()
    {
        net::post(context_, std::packaged_task<void()>{[this] { tasks_.announce_stop(); }}).wait();
    }

    // Exceptions that reached a coroutine's root: a test that expects none asks.
    [[nodiscard]] std::vector<std::string> surprises()
    {
        std::lock_guard const lock{mutex_};
        return surprises_;
    }

    intake::Limits limits;
    runtime::SystemClock clock;
    observe::Metrics metrics;
    intake::Router router;
    intake::Admission admission;

private:
    static intake::ListenerConfig listener_config(std::optional<intake::TlsConfig> tls)
    {
        intake::ListenerConfig config;
        config.tls = std::move(tls);
        return config;
    }
    void surprise(std::string what)
    {
        std::lock_guard const lock{mutex_};
        surprises_.push_back(std::move(what));
    }

    std::mutex mutex_;
    std::vector<std::string> surprises_;
    net::thread_pool cpu_{1};
    net::io_context context_{1};
    net::executor_work_guard<runtime::IoExecutor> work_{context_.get_executor()};
    runtime::TaskGroup tasks_;
    intake::Listener listener_;
    std::jthread thread_;
};

}  // namespace support
