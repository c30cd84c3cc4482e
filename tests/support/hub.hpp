#pragma once

// The real thing on loopback: gateway::Server over a real PostgreSQL, TLS with client certificates, and the backend
// simulator on a thread of its own. Needs the test cluster (label integration).
//
//   support::Hub hub;
//   hub.start();
//   auto const answer = hub.submit(hub.dossier(), "key-1");
//
// Threads: the test's, beside those of the server and of the backend.

#include "gateway/config.hpp"
#include "gateway/runtime/http_client.hpp"
#include "gateway/server.hpp"
#include "gateway/store/postgres.hpp"
#include "loadtest/corpus.hpp"
#include "loadtest/sink.hpp"
#include "providers/seed.hpp"
#include "signing/dev/pki.hpp"
#include "signing/digest.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>

#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace support {

inline std::string read_file(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>{file}, {}};
}

// The backend simulator, on its own thread.
class BackendThread {
public:
    BackendThread() : sink_{std::make_unique<loadtest::Sink>(context_, loadtest::SinkConfig{})}, thread_{[this] { context_.run(); }} {}
    ~BackendThread()
    {
        net::co_spawn(context_.get_executor(), sink_->stop(), net::use_future).wait_for(hang_after);
        work_.reset();
        context_.stop();
        thread_.join();
        sink_.reset();
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(sink_->port()); }
    void change(loadtest::SinkConfig behaviour)
    {
        net::post(context_, [this, behaviour = std::move(behaviour)] { sink_->change(behaviour); });
    }
    [[nodiscard]] loadtest::SinkCounts counts()
    {
        auto read = net::post(context_, std::packaged_task<loadtest::SinkCounts()>{[this] { return sink_->counts(); }});
        return read.get();
    }

private:
    net::io_context context_{1};
    net::executor_work_guard<net::io_context::executor_type> work_{context_.get_executor()};
    std::unique_ptr<loadtest::Sink> sink_;
    std::thread thread_;
};

// Keys and certificates on disk, made once for a test program.
inline std::filesystem::path const& hub_pki()
{
    static TemporaryDirectory const directory;
    static bool const made = (signing::dev::write_pki(directory.path(), {}), true);
    static_cast<void>(made);
    return directory.path();
}

inline constexpr char const* backend_key = "a bearer key of the backend, made up for tests";

// To a hub at this address: as the provider THAISON, or as nobody.
inline runtime::HttpClientConfig client_of(std::string url, bool certificate = true)
{
    runtime::HttpClientConfig made;
    made.base_url = std::move(url);
    made.ca_file = hub_pki() / "tls/ca.pem";
    if (certificate) {
        made.certificate_file = hub_pki() / "tls/thaison.pem";
        made.key_file = hub_pki() / "tls/thaison.key";
    }
    return made;
}

inline runtime::HttpRequest submission(std::string body, std::string key)
{
    return {"POST", "/v1/dossiers", {{"Content-Type", "application/xml"}, {"Idempotency-Key", std::move(key)}}, std::move(body)};
}

// Dossiers of today.
inline loadtest::CorpusConfig corpus_of_today()
{
    loadtest::CorpusConfig made;
    made.day = runtime::vietnam_day(std::chrono::system_clock::now());
    return made;
}

class Hub {
public:
    Hub()
    {
        Database::shared().reset();
        register_parties_at(Database::shared().url());
        auto& c = config;
        auto const& pki = hub_pki();
        c.server.port = 0;
        c.server.certificate_file = pki / "tls/server.pem";
        c.server.key_file = pki / "tls/server.key";
        c.server.client_ca_file = pki / "tls/ca.pem";
        c.server.io_threads = 2;
        c.server.stop_timeout = std::chrono::seconds{5};
        c.server.drain_wait = std::chrono::milliseconds{0};
        c.ops.port = 0;
        c.ops.console_directory = IVAN_SOURCE_DIR "/gateway/console";
        c.signing.trust_directory = pki / "trust";
        c.signing.receipt_key_file = pki / "receipt/receipt.key";
        c.signing.receipt_certificate_file = pki / "receipt/receipt.pem";
        c.schemas.xsd_directory = IVAN_SOURCE_DIR "/schemas/xsd";
        c.schemas.rules_directory = IVAN_SOURCE_DIR "/schemas/rules";
        c.store.database_url = Database::shared().url();
        c.backend.url = backend.url();
        c.delivery.idle_wait_max = std::chrono::milliseconds{50};
        c.delivery.settle.backoff.first = std::chrono::milliseconds{50};
        c.probe.interval = std::chrono::milliseconds{200};
        c.probe.key_file = pki / "units/unit-ec.key";
        c.probe.certificate_file = pki / "units/unit-ec.pem";
    }

    void start()
    {
        if (clock) server.emplace(config, *clock);
        else server.emplace(config);
        server->start();
        until("the gateway is ready", [this] { return ops("/readyz").status == 200; });
    }
    void stop() { server.reset(); }
    void restart()
    {
        stop();
        start();
    }

    [[nodiscard]] std::string dossier(unsigned people = 2)
    {
        return corpus_.dossier("600", {corpus_.form("D02-TS", people)}, *unit_key_);
    }

    runtime::HttpResponse submit(std::string body, std::string key) { return submit_at(intake_url(), std::move(body), std::move(key)); }
    static runtime::HttpResponse submit_at(std::string const& url, std::string body, std::string key)
    {
        return send(url, true, submission(std::move(body), std::move(key)));
    }
    runtime::HttpResponse get(std::string target) { return call({"GET", std::move(target), {}, ""}); }
    runtime::HttpResponse event(boost::json::object const& event)
    {
        runtime::Headers headers{{"Content-Type", "application/json"}, {"Authorization", std::string{"Bearer "} + backend_key}};
        return send(intake_url(), false, {"POST", "/v1/workflow/events", std::move(headers), boost::json::serialize(event)});
    }
    runtime::HttpResponse ops(std::string target)
    {
        return send("http://127.0.0.1:" + std::to_string(server->ports().ops), false, {"GET", std::move(target), {}, ""});
    }
    // As the provider THAISON, by client certificate.
    runtime::HttpResponse call(runtime::HttpRequest request) { return send(intake_url(), true, std::move(request)); }
    // As nobody.
    runtime::HttpResponse anonymous(std::string target) { return send(intake_url(), false, {"GET", std::move(target), {}, ""}); }

    [[nodiscard]] std::string intake_url() const { return url_of(*server); }
    [[nodiscard]] static std::string url_of(gateway::Server const& of) { return "https://localhost:" + std::to_string(of.ports().intake); }

    // Looks again and again until it holds; throws when only a hang explains the wait.
    static void until(std::string const& what, std::function<bool()> const& holds)
    {
        auto const limit = std::chrono::steady_clock::now() + hang_after;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("waited in vain until " + what);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    runtime::Clock const* clock = nullptr;  // null: the system's
    BackendThread backend;
    gateway::Config config;
    std::optional<gateway::Server> server;

private:
    static runtime::HttpResponse send(std::string const& url, bool certificate, runtime::HttpRequest request)
    {
        net::io_context context{1};
        runtime::HttpClient http{context, client_of(url, certificate)};
        auto answer = run_task(context, http.send(std::move(request), runtime::Deadline::after(hang_after), false));
        if (!answer) throw std::runtime_error(url + ": " + answer.error().message());
        return std::move(*answer);
    }

public:
    // Whose dossiers are taken, in a database that is migrated already.
    static void register_parties_at(std::string const& database_url)
    {
        observe::Metrics metrics;
        store::StoreConfig store_config;
        store_config.database_url = database_url;
        store::Postgres postgres{store_config, [](dossier::ReceiptFacts const&) { return dossier::Receipt{}; }, metrics};
        auto seed = providers::load_seed(IVAN_SOURCE_DIR "/providers/seed");
        for (auto& party : seed.providers) {
            if (party.code == "THAISON")
                party.certificates = {signing::hex(signing::read_certificate(read_file(hub_pki() / "tls/thaison.pem"))->fingerprint)};
            if (party.code == "TST") party.key_hashes = {signing::hex(signing::sha256(backend_key))};
        }
        auto const rules = schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules");
        auto const seeded = postgres.reference().seed(seed, rules->procedures(runtime::vietnam_day(std::chrono::system_clock::now())));
        if (!seeded) throw std::runtime_error("cannot seed: " + seeded.error().detail);
    }

private:
    loadtest::Corpus corpus_{corpus_of_today()};
    std::shared_ptr<signing::KeyPair const> unit_key_ = signing::KeyPair::load(hub_pki() / "units/unit-ec.key", hub_pki() / "units/unit-ec.pem");
};

// The provider THAISON on one connection that stays open. Threads: one.
class Line {
public:
    explicit Line(std::string url) : http_{context_, client_of(std::move(url))} {}
    explicit Line(Hub const& hub) : Line{hub.intake_url()} {}
    runtime::HttpResponse send(runtime::HttpRequest request)
    {
        auto answer = run_task(context_, http_.send(std::move(request), runtime::Deadline::after(hang_after), false));
        if (!answer) throw std::runtime_error(answer.error().message());
        return std::move(*answer);
    }
    runtime::HttpResponse submit(std::string body, std::string key) { return send(submission(std::move(body), std::move(key))); }
    [[nodiscard]] std::uint64_t connected() const { return http_.counts().connected; }

private:
    net::io_context context_{1};
    runtime::HttpClient http_;
};

inline std::string text_in(runtime::HttpResponse const& answer, std::string_view pointer)
{
    boost::system::error_code error;
    auto const body = boost::json::parse(answer.body, error);
    if (error) return {};
    auto const* const value = body.find_pointer(pointer, error);
    if (!value) return {};
    return value->is_string() ? std::string{value->get_string()} : boost::json::serialize(*value);
}

}  // namespace support
