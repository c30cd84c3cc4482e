#include "gateway/server.hpp"

#include "gateway/alarms.hpp"
#include "gateway/client_trust.hpp"
#include "gateway/delivery/backend.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/dossier/receipt_keys.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/dossier/tree_head.hpp"
#include "gateway/intake/admission.hpp"
#include "gateway/intake/listener.hpp"
#include "gateway/intake/tls.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/otp/room.hpp"
#include "gateway/otp/senders.hpp"
#include "gateway/probe.hpp"
#include "gateway/revocation/recheck.hpp"
#include "gateway/revocation/refresher.hpp"
#include "gateway/routes.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/on_cpu.hpp"
#include "gateway/runtime/snapshot.hpp"
#include "gateway/runtime/task_group.hpp"
#include "gateway/runtime/thread.hpp"
#include "gateway/store/postgres.hpp"
#include "providers/directory.hpp"
#include "schemas/catalogue.hpp"
#include "signing/trust.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>

namespace gateway {
namespace {

using runtime::Task;
using std::chrono::milliseconds;

runtime::SystemClock const system_clock;

// One io_context with its thread and the coroutines that live there.
class Core {
public:
    explicit Core(std::string name)
        : context{1}, group{context, [name](std::string const& task, std::string const& what) {
              observe::log(observe::Level::error, "coroutine ended by an exception", {{"core", name}, {"task", task}, {"what", what}});
          }}, name_{std::move(name)} {}
    ~Core() { join(); }

    void start()
    {
        thread_ = std::thread{[this] {
            runtime::name_thread(name_);
            context.run();
        }};
    }

    // Runs a task on this core and waits for it, at most so long. False: it did not end, or the core does not run.
    bool finish(Task<void> task, milliseconds limit)
    {
        if (!thread_.joinable()) return false;
        auto done = net::co_spawn(context.get_executor(), std::move(task), net::use_future);
        return done.wait_for(limit) == std::future_status::ready;
    }

    void join()
    {
        work_.reset();
        context.stop();
        if (thread_.joinable()) thread_.join();
    }

    // Its tasks are told to end and waited for; after `polite` they are cancelled.
    Task<void> shut(milliseconds polite)
    {
        group.stop();
        co_await group.drained(polite);
    }

    net::io_context context;
    runtime::TaskGroup group;

private:
    std::string const name_;
    net::executor_work_guard<net::io_context::executor_type> work_{context.get_executor()};
    std::thread thread_;
};

struct ServingCore : Core {
    using Core::Core;
    std::optional<intake::Listener> listener;

    Task<void> shut(milliseconds polite)
    {
        if (listener) co_await listener->stop_accepting();
        co_await Core::shut(polite);
    }
};

// Collects what is wrong with a start, so that all of it is said at once.
class Problems {
public:
    template <class Make>
    auto attempt(std::string_view key, Make make) -> std::optional<decltype(make())>
    {
        try {
            return make();
        } catch (std::exception const& error) {
            problems_.push_back(fmt::format("{}: {}", key, error.what()));
            return std::nullopt;
        }
    }
    void raise_if_any()
    {
        if (!problems_.empty()) throw BadStart{std::move(problems_)};
    }

private:
    std::vector<std::string> problems_;
};

dossier::ReceiptKeysConfig receipt_keys_of(SigningConfig const& signing)
{
    auto const& key = signing.receipt_key.empty() ? signing.receipt_key_file : signing.receipt_key;
    return {key, signing.receipt_certificate_file, signing.receipt_keys_directory, signing.token};
}

// What is loaded from files before anything starts.
struct Loaded {
    std::shared_ptr<runtime::Snapshot<dossier::ReceiptKeys>> receipt_keys;  // shared by the sealer of receipts, the probe and the public page
    std::shared_ptr<signing::KeyPair const> signer;  // of the probe; null: the receipt key
    std::shared_ptr<signing::TrustStore const> trust;
    std::shared_ptr<ClientTrust const> client_trust;
    std::string trust_stamp;                         // of the directory as it was read
    std::shared_ptr<schemas::Rules const> rules;
    std::shared_ptr<schemas::Validator const> validator;
    std::shared_ptr<net::ssl::context> tls;       // null: plain HTTP
    std::optional<Probe> probe;
    std::optional<signing::OtpKey> otp_key;       // nothing: one-time passwords are off
    std::unique_ptr<otp::Sender> sms, mail;       // null: that channel is off
};

std::optional<intake::TlsConfig> tls_of(ServerConfig const& server)
{
    if (server.certificate_file.empty()) return std::nullopt;
    return intake::TlsConfig{server.certificate_file, server.key_file, server.client_ca_file};
}

std::string trust_stamp_of(std::string const& directory) { return signing::TrustStore::stamp_of(directory) + ClientTrust::stamp_of(directory); }

Loaded load(Config const& config, runtime::Instant now, signing::TrustStore::WantedSink sink)
{
    signing::initialise();
    Problems problems;
    Loaded loaded;
    auto const& files = config.signing;
    auto keys = problems.attempt("signing.receipt_key", [&] {
        return std::make_shared<runtime::Snapshot<dossier::ReceiptKeys>>(dossier::ReceiptKeys::load(receipt_keys_of(files), now));
    });
    loaded.trust_stamp = trust_stamp_of(files.trust_directory);  // first: what changes meanwhile is read again
    auto trust = problems.attempt("signing.trust_directory", [&] { return signing::TrustStore::load(files.trust_directory, files.policy, std::move(sink)); });
    auto client_trust = problems.attempt("server.client_ca_file", [&] { return ClientTrust::load(config.server.client_ca_file, files.trust_directory, files.policy); });
    auto catalogue = problems.attempt("schemas.xsd_directory", [&] { return schemas::Catalogue::load(config.schemas.xsd_directory); });
    auto rules = problems.attempt("schemas.rules_directory", [&] { return schemas::Rules::load(config.schemas.rules_directory); });
    auto tls = problems.attempt("server.certificate_file", [&] {
        auto const wanted = tls_of(config.server);
        return wanted ? intake::make_tls_context(*wanted) : nullptr;
    });
    auto signer = problems.attempt("probe.key_file", [&]() -> std::shared_ptr<signing::KeyPair const> {
        if (config.probe.key_file.empty()) return nullptr;
        return signing::KeyPair::load(config.probe.key_file, config.probe.certificate_file);
    });
    if (keys && signer)
        problems.attempt("probe.key_file", [&] { return loaded.probe.emplace([keys = *keys] { return keys->load(); }, *signer, now), true; });
    auto otp_key = problems.attempt("otp.key_file", [&]() -> std::optional<signing::OtpKey> {
        if (config.otp.desk.key_file.empty()) return std::nullopt;
        return otp::read_key(config.otp.desk.key_file);
    });
    if (otp_key && *otp_key) {
        problems.attempt("otp", [&] { return loaded.sms = otp::sms_sender(config.otp), true; });
        problems.attempt("otp", [&] { return loaded.mail = otp::mail_sender(config.otp), true; });
    }
    problems.raise_if_any();

    loaded.otp_key = std::move(*otp_key);
    loaded.receipt_keys = *keys;
    loaded.signer = *signer;
    loaded.trust = *trust;
    loaded.client_trust = *client_trust;
    loaded.rules = *rules;
    loaded.validator = std::make_shared<schemas::Validator const>(*catalogue, *rules);
    loaded.tls = *tls;
    return loaded;
}

std::shared_ptr<intake::Criteria const> criteria_of(Config const& config, Loaded const& loaded,
                                                    std::shared_ptr<signing::TrustStore const> trust,
                                                    std::shared_ptr<providers::Directory const> directory)
{
    intake::Criteria criteria;
    criteria.engine = config.engine.engine == "sweep" ? intake::Engine::sweep : intake::Engine::tree;
    criteria.limits = config.envelope;
    criteria.verifier = std::make_shared<signing::Verifier const>(std::move(trust), config.signing.policy);
    criteria.validator = loaded.validator;
    criteria.directory = std::move(directory);
    criteria.rules = loaded.rules;
    return std::make_shared<intake::Criteria const>(std::move(criteria));
}

// The operations' listener has limits and room of its own: it must answer when the provider listener is full.
intake::Limits operations_limits()
{
    intake::Limits limits;
    limits.connections_max = 64;
    limits.in_flight_max = 64;
    limits.memory_bytes_max = 8u << 20;
    return limits;
}

}  // namespace

BadStart::BadStart(std::vector<std::string> problems)
    : std::runtime_error{fmt::format("{}", fmt::join(problems, "\n"))}, problems_{std::move(problems)}
{
}

// Members stand in the order they start; they are destroyed in reverse.
struct Server::Data {
    Data(Config from_file, runtime::Clock const& given_clock)
        : config{std::move(from_file)}, clock{given_clock}, loaded{load(config, clock.now(), wanted_sink())}, trust{loaded.trust}, client_trust{loaded.client_trust},
          criteria{criteria_of(config, loaded, loaded.trust, std::make_shared<providers::Directory const>(std::vector<providers::Agency>{}))},
          postgres{config.store, sealer(), metrics, head_signer(), statement_signer()},
          admission{std::make_shared<providers::Registry const>(std::vector<providers::Provider>{}), config.intake, clock, metrics},
          ops_admission{std::make_shared<providers::Registry const>(std::vector<providers::Provider>{}), ops_limits, clock, ops_metrics},
          health{{"seal", "verify", "validate", "store"}, config.probe.fresh, metrics}, alarms{metrics}, cpu{config.server.cpu_threads},
          recheck{config.revocation, recheck_parts()},
          one_time{make_one_time()}, otp_calls{one_time ? &one_time->desk() : nullptr},
          cross_check{config.engine.cross_check, {cpu, metrics, [this](auto content, auto said) { engines_disagree(content, said); }}},
          submit{config.examine, {postgres.journal(), criteria, cpu, metrics, [this] { wake_delivery(); }, evidence_wait(), one_time ? &one_time->desk() : nullptr, &cross_check,
                                   [this](auto took, bool stored, std::size_t bytes) { admission.committed(took, stored, bytes); }}},
          status{postgres.archive()}, notices{config.notices, postgres.archive()}, workflow{postgres.archive()},
          pages{{postgres.archive(), clock, config.intake, config.envelope, loaded.rules, [this] { return admission.registry(); }, [this](auto const& party) { return admission.standing(party); }}},
          console{config.ops.console_directory, {metrics, health, [this] { return delivery_json(); }}},
          public_router{public_routes(handlers())}, ops_router{operations_routes(handlers())}
    {
        begin_revocation();
    }

    ~Data()
    {
        stop();
        join();
    }

    store::Sealer sealer() const
    {
        return [keys = loaded.receipt_keys](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *keys->load()); };
    }
    store::HeadSigner head_signer() const
    {
        return [keys = loaded.receipt_keys, name = config.store.ledger.name](std::uint64_t size, ledger::Hash const& root, runtime::Instant at) {
            auto made = dossier::sign_head({name, size, root, std::chrono::floor<milliseconds>(at), {}}, *keys->load());
            return store::SignedHead{size, std::chrono::floor<milliseconds>(at), std::move(made.key_id), std::move(made.text), std::move(made.signature)};
        };
    }
    store::StatementSigner statement_signer() const
    {
        return [keys = loaded.receipt_keys](ledger::Statement statement) {
            auto made = dossier::sign_statement(statement, *keys->load());
            return store::SignedStatement{std::move(statement), std::move(made.text), std::move(made.signature)};
        };
    }
    // Stands until a restart: somebody must look which of the two was right before it is believed again.
    void engines_disagree(std::string_view content_sha256, std::string_view said)
    {
        alarms.set("engines_disagree", true, fmt::format("content {}: {}", content_sha256, said));
    }

    std::unique_ptr<otp::Room> make_one_time()
    {
        if (!loaded.otp_key) return nullptr;
        return std::make_unique<otp::Room>(config.otp, *loaded.otp_key, std::move(loaded.sms), std::move(loaded.mail), postgres.otp(), clock, &metrics);
    }
    Handlers handlers() { return {&submit, &status, &notices, &workflow, &pages, &health, &console, &certificates, &otp_calls, &log_queries}; }

    void start(milliseconds start_wait);
    void stop();
    void drain();
    void join();
    void load_registry(milliseconds start_wait);
    void bind();
    void start_delivery();
    [[nodiscard]] store::Result<void> read_registry();
    void read_trust();
    void reload();
    void begin_revocation();
    void use(std::shared_ptr<signing::TrustStore const> fresh);
    // What trust stores tell of lacking evidence: nobody is listening before begin_revocation(), and nobody asks before.
    signing::TrustStore::WantedSink wanted_sink()
    {
        return [this](signing::EvidenceWanted wanted) {
            if (refresher) refresher->tell(std::move(wanted));
        };
    }
    revocation::Recheck::Parts recheck_parts();
    std::function<Task<void>(std::vector<std::string>, runtime::Deadline)> evidence_wait();

    Task<void> probe_loop();
    Task<void> reload_loop();
    Task<void> watch_loop();
    void report(std::string_view part, Probe::Word word, std::chrono::steady_clock::time_point since);
    Task<void> forget_loop();
    Task<void> heads_loop();
    void watch_one_time();
    void watch_delivery();
    void watch_admission();
    void watch_certificates();
    void read_receipt_keys();

    void wake_delivery()
    {
        if (dispatcher) dispatcher->wake();
    }
    [[nodiscard]] boost::json::object delivery_json() const;

    Config config;
    runtime::Clock const& clock;
    observe::Metrics metrics;
    observe::Metrics ops_metrics;  // of the operations' own listener; nobody reads it
    intake::Limits ops_limits = operations_limits();
    Loaded loaded;
    runtime::Snapshot<signing::TrustStore> trust;
    runtime::Snapshot<ClientTrust> client_trust;
    intake::ClientCertificates clients{[this](std::string_view der) { return client_trust.load()->revoked(der, *trust.load(), clock.now()); }};
    runtime::Snapshot<intake::Criteria> criteria;
    // Before everything that holds a socket or a timer of theirs, and before the store, which answers to them.
    ServingCore house{"house"};
    Core courier{"delivery"};
    Core weather{"revocation"};
    std::vector<std::unique_ptr<ServingCore>> cores;
    store::Postgres postgres;
    intake::Admission admission, ops_admission;
    intake::BacklogMeter backlog_meter;
    intake::Health health;
    Alarms alarms;
    net::thread_pool cpu;
    net::thread_pool blocking{1};  // calls of the registry and of the file system
    std::optional<delivery::Backend> backend;
    std::optional<delivery::Dispatcher> dispatcher;
    std::optional<revocation::Refresher> refresher;  // nothing: revocation.enabled is false
    revocation::Recheck recheck;
    std::unique_ptr<otp::Room> one_time;  // null: off
    intake::OtpCalls otp_calls;
    intake::CrossCheck cross_check;
    intake::Submit submit;
    intake::StatusQueries status;
    intake::Notices notices;
    intake::Workflow workflow;
    intake::PublicPages pages;
    intake::LogQueries log_queries{postgres.log(), postgres.statements(), clock, config.store.ledger.head_age_min};
    intake::Console console;
    intake::ReceiptCertificates certificates{[keys = loaded.receipt_keys] { return keys->load(); }, clock};
    std::string receipt_keys_stamp = dossier::ReceiptKeys::stamp_of(receipt_keys_of(config.signing));  // of what was read last
    intake::Router public_router, ops_router;
    Ports ports;
    std::atomic<bool> running{false};
};

// ---- start ----------------------------------------------------------------------------------------------------------

void Server::Data::start(milliseconds start_wait)
{
    load_registry(start_wait);
    bind();
    start_delivery();
    house.group.spawn("probe", probe_loop());
    house.group.spawn("reload", reload_loop());
    house.group.spawn("watch", watch_loop());
    house.group.spawn("heads", heads_loop());
    if (one_time) house.group.spawn("forget", forget_loop());
    house.start();
    if (refresher) weather.group.spawn("refresher", refresher->run(weather.group));
    weather.group.spawn("recheck", recheck.run(weather.group));
    weather.start();
    for (auto& core : cores) core->start();
    running = true;
}

// A gateway without its registry would refuse every provider: it waits for the database instead.
void Server::Data::load_registry(milliseconds start_wait)
{
    auto const until = std::chrono::steady_clock::now() + start_wait;
    for (;;) {
        auto const read = read_registry();
        if (read) return;
        if (std::chrono::steady_clock::now() >= until)
            throw BadStart{{fmt::format("store.database_url: the registry cannot be read: {}", read.error().detail)}};
        observe::log(observe::Level::warning, "waiting for the database", {{"detail", read.error().detail}});
        std::this_thread::sleep_for(milliseconds{500});
    }
}

void Server::Data::bind()
{
    auto const threads = config.server.io_threads ? config.server.io_threads : std::max(1u, std::thread::hardware_concurrency());
    intake::Services const services{admission, metrics, clock, config.intake, public_router, &cpu, &clients};
    intake::Services const ops_services{ops_admission, ops_metrics, clock, ops_limits, ops_router, nullptr};
    intake::ListenerConfig listener;
    listener.address = config.server.address;
    listener.port = static_cast<std::uint16_t>(config.server.port);
    listener.reuse_port = threads > 1;
    listener.tls = tls_of(config.server);
    intake::ListenerConfig ops_listener;
    ops_listener.address = config.ops.address;
    ops_listener.port = static_cast<std::uint16_t>(config.ops.port);
    try {
        for (unsigned i = 0; i < threads; ++i) {
            auto& core = *cores.emplace_back(std::make_unique<ServingCore>(fmt::format("intake {}", i)));
            core.listener.emplace(core.context, listener, services, loaded.tls);
            listener.port = core.listener->port();  // the others join the first where any free port was asked for
            core.listener->start(core.group);
        }
        house.listener.emplace(house.context, ops_listener, ops_services);
        house.listener->start(house.group);
    } catch (std::exception const& error) {
        throw BadStart{{fmt::format("server.address, ops.address: {}", error.what())}};
    }
    ports = {listener.port, house.listener->port()};
}

void Server::Data::start_delivery()
{
    if (!config.delivery_switch.enabled) return;
    try {
        backend.emplace(courier.context, config.backend, clock);
        dispatcher.emplace(courier.context, postgres.queue(), *backend, clock, metrics, config.delivery, "gateway-" + dossier::new_id(clock.now()));
    } catch (std::exception const& error) {
        throw BadStart{{fmt::format("delivery: {}", error.what())}};
    }
    courier.group.spawn("dispatcher", dispatcher->run());
    courier.start();
}

// ---- what is read again while we run --------------------------------------------------------------------------------

// Blocking: at start on the caller's thread, later on the pool for that.
store::Result<void> Server::Data::read_registry()
{
    auto parties = postgres.reference().providers();
    if (!parties) return parties.error();
    auto agencies = postgres.reference().agencies();
    if (!agencies) return agencies.error();
    admission.swap_registry(std::make_shared<providers::Registry const>(std::move(*parties)));
    auto directory = std::make_shared<providers::Directory const>(std::move(*agencies));
    auto next = std::make_shared<intake::Criteria>(*criteria.load());
    next->directory = std::move(directory);
    criteria.store(std::move(next));
    return {};
}

// On the thread of `blocking`, or before anything runs: the one place where the trust store changes.
void Server::Data::use(std::shared_ptr<signing::TrustStore const> fresh)
{
    auto next = std::make_shared<intake::Criteria>(*criteria.load());
    next->verifier = std::make_shared<signing::Verifier const>(fresh, config.signing.policy);
    criteria.store(std::move(next));
    trust.store(std::move(fresh));
    clients.evidence_changed();
    recheck.look();
}

void Server::Data::read_trust()
{
    loaded.trust_stamp = trust_stamp_of(config.signing.trust_directory);
    try {
        auto fresh_clients = ClientTrust::load(config.server.client_ca_file, config.signing.trust_directory, config.signing.policy);
        auto fresh = signing::TrustStore::load(config.signing.trust_directory, config.signing.policy, wanted_sink());
        client_trust.store(std::move(fresh_clients));
        use(refresher ? fresh->with(refresher->anew(*fresh)) : std::move(fresh));
        alarms.set("trust_unreadable", false, "");
        observe::log(observe::Level::info, "trust read again", {{"anchors", trust.load()->counts().anchors}});
    } catch (std::exception const& error) {
        alarms.set("trust_unreadable", true, error.what());
    }
}

// ---- revocation evidence --------------------------------------------------------------------------------------------

void Server::Data::begin_revocation()
{
    if (!config.revocation.enabled) return;
    auto publish = [this](revocation::Refresher::Snapshot snapshot) { use(trust.load()->with(std::move(snapshot))); };
    auto alarm = [this](std::string_view name, bool raised, std::string_view detail) { alarms.set(name, raised, detail); };
    refresher.emplace(config.revocation, config.signing.trust_directory,
                      revocation::Refresher::Parts{weather.context, blocking, clock, metrics, [this] { return trust.load(); }, std::move(publish),
                                                   std::move(alarm)});
    use(loaded.trust->with(refresher->begin(*loaded.trust)));
}

revocation::Recheck::Parts Server::Data::recheck_parts()
{
    auto alarm = [this](std::string_view name, bool raised, std::string_view detail) { alarms.set(name, raised, detail); };
    return {weather.context, blocking, postgres.grace(), clock, metrics, [this] { return trust.load()->revocations(); }, wanted_sink(), std::move(alarm)};
}

std::function<Task<void>(std::vector<std::string>, runtime::Deadline)> Server::Data::evidence_wait()
{
    if (!config.revocation.enabled) return {};
    return [this](std::vector<std::string> ids, runtime::Deadline deadline) { return refresher->wait(std::move(ids), deadline); };
}

// A new key is taken, a past one put away; what cannot be used leaves the former set in force. What failed is tried again
// when its files change or somebody asks, not before: a refused PIN tried every few seconds would lock a token.
void Server::Data::read_receipt_keys()
{
    auto const from = receipt_keys_of(config.signing);
    receipt_keys_stamp = dossier::ReceiptKeys::stamp_of(from);
    try {
        loaded.receipt_keys->store(dossier::ReceiptKeys::load(from, clock.now()));
        alarms.set("receipt_keys_unreadable", false, "");
        observe::log(observe::Level::info, "receipt keys read again", {{"certificates", loaded.receipt_keys->load()->all().size()}});
    } catch (std::exception const& error) {
        alarms.set("receipt_keys_unreadable", true, error.what());
    }
}

// Both run on the one thread of `blocking`, so that two changes of the criteria never meet.
void Server::Data::reload()
{
    net::post(blocking, [this] {
        read_trust();
        read_receipt_keys();
        auto const read = read_registry();
        alarms.set("registry_unreadable", !read, read ? "" : read.error().detail);
    });
}

// ---- housekeeping ---------------------------------------------------------------------------------------------------

constexpr milliseconds watch_interval{1000};

// Sleeps between two rounds. False: the group is stopping.
static Task<bool> pause(runtime::TaskGroup const& group, milliseconds time)
{
    runtime::Timer timer{co_await net::this_coro::executor};
    timer.expires_after(time);
    auto const [error] = co_await timer.async_wait(runtime::as_result);
    co_return !error && !group.stopping();
}

void Server::Data::report(std::string_view part, Probe::Word word, std::chrono::steady_clock::time_point since)
{
    auto const now = std::chrono::steady_clock::now();
    health.report(part, word.ok, std::move(word.detail), std::chrono::duration_cast<milliseconds>(now - since), now);
}

Task<void> Server::Data::probe_loop()
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    do {
        auto since = std::chrono::steady_clock::now();
        auto work = [this] { return loaded.probe->run(*criteria.load(), clock.now()); };
        auto words = co_await runtime::on_cpu(cpu, std::move(work));
        report("seal", std::move(words.seal), since);
        report("verify", std::move(words.verify), since);
        report("validate", std::move(words.validate), since);

        since = std::chrono::steady_clock::now();
        auto const stored = co_await postgres.archive().probe(runtime::Deadline::after(config.probe.timeout));
        report("store", stored ? Probe::Word{true, "written and read"} : Probe::Word{false, stored.error().detail}, since);
        alarms.set("database_down", !stored, stored ? "" : stored.error().detail);
        alarms.set("not_ready", !health.ready(std::chrono::steady_clock::now()), "see /readyz");
    } while (co_await pause(house.group, config.probe.interval));
}

Task<void> Server::Data::reload_loop()
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    while (co_await pause(house.group, config.server.reload_interval)) {
        auto work = [this] {
            // A directory that cannot be used is tried again when it changes, or when somebody asks: the alarm stands meanwhile.
            if (trust_stamp_of(config.signing.trust_directory) != loaded.trust_stamp) read_trust();
            if (dossier::ReceiptKeys::stamp_of(receipt_keys_of(config.signing)) != receipt_keys_stamp) read_receipt_keys();
            return read_registry();
        };
        auto const read = co_await runtime::on_cpu(blocking, std::move(work));
        alarms.set("registry_unreadable", !read, read ? "" : read.error().detail);
    }
}

Task<void> Server::Data::watch_loop()
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    while (co_await pause(house.group, watch_interval)) {
        auto const counts = trust.load()->counts();
        metrics.certificate_cache(counts.hits, counts.misses, counts.cached);
        metrics.pool("examine", submit.on_pool(), config.examine.pool_waiting_max);
        metrics.pool("cross_check", cross_check.waiting(), config.engine.cross_check.waiting_max);
        // Where another process delivers, nobody else here measures the queue.
        if (!dispatcher) {
            auto const depth = co_await postgres.queue().depth(clock.now(), runtime::Deadline::after(config.probe.timeout));
            if (depth) metrics.queue(depth->waiting + depth->leased, depth->oldest, depth->dead);
        }
        watch_delivery();
        watch_admission();
        watch_certificates();
        watch_one_time();
    }
}

// The backend's pace, as far as it can be seen here, goes to the door.
void Server::Data::watch_admission()
{
    auto const totals = metrics.totals();
    // Of two gateways one delivers: the other's own count stands still whatever the backend takes.
    bool const delivers = dispatcher && dispatcher->state().queue.held;
    auto const delivered = delivers ? std::optional{totals.delivered} : std::nullopt;
    auto const backlog = backlog_meter.look(totals.queue_depth, delivered, admission.filings_per_second(), std::chrono::steady_clock::now());
    admission.observe(backlog);
    alarms.set("held_back", backlog.waiting >= config.intake.throttle.queue_mark,
               fmt::format("{} dossiers wait for the backend, which takes {:.1f} a second: new ones are taken in at that pace", backlog.waiting, backlog.delivered_per_second));
}

// An expired receipt key stops nothing by itself, so somebody must hear of it well before.
void Server::Data::watch_certificates()
{
    auto const keys_end = loaded.receipt_keys->load()->ends();
    alarms.set("receipt_key_ends", keys_end < clock.now() + config.signing.receipt_key_warning,
               "nobody signs receipts after " + dossier::vietnam_time(keys_end));
    if (!loaded.signer) return;
    auto const ends = loaded.signer->certificate().not_after;
    alarms.set("certificate_ending", ends < clock.now() + std::chrono::hours{24 * 14}, "probe certificate, at " + dossier::vietnam_time(ends));
}

// Codes that do not reach people are a silent failure: no provider sees it in an answer.
void Server::Data::watch_one_time()
{
    if (!one_time) return;
    auto const counts = one_time->outbox().counts();
    metrics.pool("otp_outbox", counts.waiting, config.otp.outbox.waiting_max);
    alarms.set("otp_sending", counts.lost_in_a_row >= config.otp.outbox.failed_in_a_row_max,
               fmt::format("{} messages lost in a row, {} in all; last: {}", counts.lost_in_a_row, counts.lost, counts.last_trouble));
}

// Challenges and contacts that ended unused.
Task<void> Server::Data::forget_loop()
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    while (co_await pause(house.group, std::chrono::minutes{10})) {
        auto const swept = co_await one_time->desk().sweep(clock.now(), runtime::Deadline::after(config.probe.timeout));
        if (swept && *swept > 0) observe::log(observe::Level::info, "one-time passwords forgotten", {{"rows", *swept}});
    }
}

// Whichever gateway comes first signs the head that is due; an outage is no matter, since the next one covers it.
Task<void> Server::Data::heads_loop()
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    auto const interval = config.store.ledger.head_interval;
    while (co_await pause(house.group, std::min<milliseconds>(interval, std::chrono::minutes{1}))) {
        auto const head = co_await postgres.log().head(interval, clock.now(), runtime::Deadline::after(config.probe.timeout));
        alarms.set("log_head", !head, head ? "" : head.error().detail);
    }
}

void Server::Data::watch_delivery()
{
    auto const totals = metrics.totals();
    alarms.set("queue_old", totals.queue_age_s > static_cast<double>(config.alarms.queue_age_max.count()),
               fmt::format("oldest dossier has waited {:.0f} s", totals.queue_age_s));
    alarms.set("dead_letters", totals.dead > config.alarms.dead_letters_max, fmt::format("{} dead letters", totals.dead));
    if (!dispatcher) return;
    auto const state = dispatcher->state();
    alarms.set("backend_down", state.destination_dead, state.last_trouble);
    alarms.set("delivery_stopped", running && !state.running, state.last_trouble);
}

boost::json::object Server::Data::delivery_json() const
{
    boost::json::array names;
    for (auto const& name : alarms.raised()) names.emplace_back(name);
    boost::json::object body{{"enabled", dispatcher.has_value()}, {"alarms", std::move(names)}};
    if (!dispatcher) return body;
    auto const state = dispatcher->state();
    body["window"] = state.window;
    body["in_flight"] = state.in_flight;
    body["destination_dead"] = state.destination_dead;
    body["deferred"] = state.deferred;
    return body;
}

// ---- stop -----------------------------------------------------------------------------------------------------------

void Server::Data::stop()
{
    if (!running.exchange(false)) return;
    auto const polite = config.server.stop_timeout - config.server.drain_wait;
    auto const limit = polite + std::chrono::seconds{5};  // after the polite time comes the final cut, which is quick
    observe::log(observe::Level::info, "stopping");
    health.stopping();
    drain();
    notices.stop();

    std::atomic<bool> drained{true};
    std::vector<std::thread> waiting;
    for (auto& core : cores)
        waiting.emplace_back([&] {
            if (!core->finish(core->shut(polite), limit)) drained = false;
        });
    for (auto& wait : waiting) wait.join();

    if (dispatcher) {
        // An attempt under way is waited for, so that the backend's answer is not lost: the dispatcher bounds it.
        auto const attempt = config.delivery.attempt_timeout + config.delivery.queue_timeout + std::chrono::seconds{1};
        dispatcher->stop();
        if (!courier.finish(courier.group.drained(attempt), attempt + std::chrono::seconds{5})) drained = false;
    }
    if (!house.finish(house.shut(milliseconds{500}), limit)) drained = false;
    // A snapshot being made cannot be cut short: the largest CRL takes seconds.
    if (!weather.finish(weather.shut(milliseconds{500}), limit + std::chrono::seconds{30})) drained = false;

    // Coroutines that will not end hold references into everything below us. Nothing is promised that is not stored,
    // so the safe way out is the one a power cut would take.
    if (!drained) {
        observe::log(observe::Level::error, "the stop overran its bound: the rest is cut");
        observe::stop_log();
        std::_Exit(1);
    }
    join();
    observe::log(observe::Level::info, "stopped");
}

// Not ready any more, and all is served as before, so that whoever chooses between gateways chooses others before this one closes.
// Each answer ends its connection meanwhile: what comes next goes elsewhere.
void Server::Data::drain()
{
    if (config.server.drain_wait.count() == 0) return;
    for (auto& core : cores) net::post(core->context, [&group = core->group] { group.announce_stop(); });
    std::this_thread::sleep_for(config.server.drain_wait);
}

void Server::Data::join()
{
    for (auto& core : cores) core->join();
    courier.join();
    house.join();
    weather.join();
    cpu.join();
    blocking.join();
}

// ---- the interface --------------------------------------------------------------------------------------------------

Server::Server(Config config) : Server{std::move(config), system_clock} {}
Server::Server(Config config, runtime::Clock const& clock) : data_{std::make_unique<Data>(std::move(config), clock)} {}
Server::~Server() { stop(); }

void Server::start(milliseconds start_wait) { data_->start(start_wait); }
void Server::stop() { data_->stop(); }
void Server::reload() { data_->reload(); }
Ports Server::ports() const noexcept { return data_->ports; }

std::string Server::ready_line() const
{
    auto const& config = data_->config;
    return fmt::format("ready intake={}://{}:{} ops=http://{}:{}", config.server.certificate_file.empty() ? "http" : "https",
                       config.server.address, data_->ports.intake, config.ops.address, data_->ports.ops);
}

}  // namespace gateway
