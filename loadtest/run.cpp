#include "loadtest/run.hpp"

#include "gateway/runtime/http_client.hpp"
#include "gateway/store/audit.hpp"
#include "loadtest/bad_cases.hpp"
#include "loadtest/receipt_check.hpp"
#include "loadtest/report.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace loadtest
{

namespace
{

namespace fs = std::filesystem;
using Time = std::chrono::steady_clock::time_point;

std::string read_file(std::string const& path)
{
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + path);
    return text.str();
}

template <class T>
T complete(net::io_context& context, runtime::Task<T> task)
{
    std::optional<T> value;
    std::exception_ptr error;
    auto done = [&](std::exception_ptr e, T v) {
        error = e;
        if (!e) value.emplace(std::move(v));
    };
    net::co_spawn(context.get_executor(), std::move(task), std::move(done));
    context.restart();
    while (!value && !error && context.run_one() > 0) {
    }
    if (error) std::rethrow_exception(error);
    return std::move(*value);
}

// One GET on a connection of its own. Nothing: no answer, or not 200.
std::optional<std::string> get(std::string const& url, std::string const& target, SourceConfig const& source)
{
    net::io_context context{1};
    runtime::HttpClientConfig config;
    config.base_url = url;
    config.ca_file = source.ca_file;
    runtime::HttpClient client{context, config};
    runtime::HttpRequest request;
    request.method = "GET";
    request.target = target;
    auto const answer =
        complete(context, client.send(std::move(request), runtime::Deadline::after(std::chrono::seconds{5}), true));
    if (!answer || answer->status != 200) return std::nullopt;
    return answer->body;
}

void fill_in(RunConfig& config)
{
    if (config.source.run_id.empty()) config.source.run_id = fmt::format("lt-{:08x}", std::random_device{}());
    if (config.pki.empty()) return;
    fs::path const pki{config.pki};
    auto const unless_given = [&](std::string& value, char const* name) {
        if (value.empty() && fs::exists(pki / name)) value = (pki / name).string();
    };
    unless_given(config.source.ca_file, "tls/ca.pem");
    if (config.source.certificate_file.empty() && config.source.bearer_key.empty()) {
        unless_given(config.source.certificate_file, "tls/thaison.pem");
        unless_given(config.source.key_file, "tls/thaison.key");
    }
    unless_given(config.issuing_ca_certificate, "ca/issuing-ca.pem");
    unless_given(config.issuing_ca_key, "ca/issuing-ca.key");
    unless_given(config.receipt_certificate, "receipt/receipt.pem");
}

std::vector<Unit> units_of(RunConfig const& config)
{
    if (!config.unit_keys.empty()) return load_units(config.unit_keys, config.agencies);
    if (config.issuing_ca_key.empty())
        throw std::runtime_error("nobody to sign: give --pki, --unit-keys or --issuing-ca");
    signing::dev::Identity const issuer{read_file(config.issuing_ca_key), read_file(config.issuing_ca_certificate)};
    return make_units(config.signers, issuer, config.agencies, config.unit_keys_made);
}

std::vector<Prepared> bad_ones(RunConfig const& config, std::vector<Unit> const& units)
{
    if (config.mix.refuse_share <= 0) return {};
    auto const& unit = units.front();
    CorpusConfig corpus_config;
    corpus_config.provider_alias = config.mix.alias;
    corpus_config.unit_code = unit.unit_code;
    corpus_config.tax_code = unit.tax_code;
    corpus_config.agency = unit.agency;
    Corpus corpus{corpus_config};
    BadCaseKeys keys;
    keys.good = unit.key;
    std::vector<Prepared> bad;
    for (auto& one : bad_cases(corpus, keys)) {
        Prepared prepared;
        prepared.sha256 = signing::hex(signing::sha256(one.bytes));
        prepared.bytes = std::move(one.bytes);
        prepared.expected_code = one.expected_code;
        prepared.kind = one.name;
        bad.push_back(std::move(prepared));
    }
    return bad;
}

void wait_ready(RunConfig const& config)
{
    if (config.ops_url.empty()) return;
    for (int tries = 0; tries < 60; ++tries) {
        if (get(config.ops_url, "/readyz", config.source)) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{500});
    }
    throw std::runtime_error("not ready within 30 s: " + config.ops_url + "/readyz");
}

struct SinkView {
    std::uint64_t cases = 0, mismatches = 0;
};

std::optional<SinkView> sink_view(RunConfig const& config)
{
    auto const body = get(config.sink_url, "/counts", config.source);
    if (!body) return std::nullopt;
    boost::system::error_code ec;
    auto const value = boost::json::parse(*body, ec);
    if (ec || !value.is_object()) return std::nullopt;
    auto const number = [&](char const* name) {
        auto const* const member = value.get_object().if_contains(name);
        return member != nullptr && member->is_number() ? member->to_number<std::uint64_t>() : 0;
    };
    return SinkView{number("cases"), number("mismatches")};
}

// A sink of our own, on a thread of its own, for the time of the run.
class OwnSink {
public:
    explicit OwnSink(SinkConfig const& config) : sink_{context_, config}, thread_{[this] { context_.run(); }} {}
    OwnSink(OwnSink const&) = delete;
    OwnSink& operator=(OwnSink const&) = delete;
    ~OwnSink()
    {
        net::co_spawn(context_.get_executor(), sink_.stop(), [this](std::exception_ptr) { context_.stop(); });
        thread_.join();
    }
    [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", sink_.port()); }

private:
    net::io_context context_{1};
    Sink sink_;
    std::thread thread_;
};

void wait_delivered(RunConfig const& config, SinkView const& before, Time begun, Report& report)
{
    Progress progress{"delivered", report.accepted};
    auto const limit = std::chrono::steady_clock::now() + config.drain_max;
    std::uint64_t delivered = 0;
    std::uint64_t mismatches = 0;
    do {
        if (auto const now = sink_view(config)) {
            delivered = now->cases - before.cases;
            mismatches = now->mismatches - before.mismatches;
        }
        progress.at(std::min(delivered, report.accepted));
        if (delivered >= report.accepted) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    } while (std::chrono::steady_clock::now() < limit);
    progress.end();
    report.delivered = delivered;
    report.delivered_after_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (mismatches > 0)
        report.mismatch(fmt::format("the backend found {} wrong headers, digests, orders or keys", mismatches));
    if (delivered > report.accepted)
        report.mismatch(fmt::format("the backend got {} cases, {} were accepted", delivered, report.accepted));
}

struct Promise { // what an accepted dossier was promised
    std::size_t n;
    bool found = false;
};

void check_from_database(RunConfig const& config, std::vector<Prepared> const& prepared, std::vector<Sent> const& sent,
                         runtime::Instant since, std::string const& certificate, Report& report)
{
    std::unordered_map<std::string, Promise> by_key;
    for (std::size_t n = 0; n < sent.size(); ++n)
        if (sent[n].verdict == Sent::Verdict::accepted)
            by_key.emplace(idempotency_key(config.source.run_id, n), Promise{n});
    Progress progress{"receipts", by_key.size()};
    auto const own_prefix = config.source.run_id + "-";
    auto const visit = [&](store::StoredRow const& row) {
        if (!row.idempotency_key.starts_with(own_prefix)) return true; // somebody else's
        auto const found = by_key.find(row.idempotency_key);
        if (found == by_key.end()) {
            report.mismatch("stored, but nobody was told: " + row.idempotency_key);
            return true;
        }
        found->second.found = true;
        auto const n = found->second.n;
        auto const was_sent = sent_sha256(prepared, n);
        progress.at(++report.receipts_checked);
        auto trouble = receipt_trouble(row.receipt_xml, row.body, sent[n].case_code, sent[n].dossier_id, certificate);
        if (trouble.empty() && signing::hex(signing::sha256(row.body)) != was_sent)
            trouble = "the stored bytes are not those sent";
        if (trouble.empty() && (row.content_sha256 != was_sent || row.case_code != sent[n].case_code ||
                                row.dossier_id != sent[n].dossier_id))
            trouble = "the row's columns are not what was answered";
        if (!trouble.empty()) report.mismatch(fmt::format("dossier {} ({}): {}", n, row.case_code, trouble));
        return true;
    };
    store::for_each_stored(config.database_url, since, visit);
    for (auto const& [key, promise] : by_key)
        if (!promise.found) report.mismatch("a receipt without a row: " + key + " " + sent[promise.n].case_code);
    progress.end();
    report.receipts_from = "from the stored bytes";
}

runtime::Task<void> fetch_receipts(runtime::HttpClient& client, RunConfig const& config,
                                   std::vector<Prepared> const& prepared, std::vector<Sent> const& sent,
                                   std::size_t& next, std::string const& certificate, Progress& progress,
                                   Report& report)
{
    for (;;) {
        auto const n = next++;
        if (n >= sent.size()) co_return;
        if (sent[n].verdict != Sent::Verdict::accepted) continue;
        runtime::HttpRequest request;
        request.method = "GET";
        request.target = "/v1/dossiers/" + sent[n].dossier_id + "/receipt";
        request.headers = {{"Accept", "application/xml"}};
        if (!config.source.bearer_key.empty())
            request.headers.emplace_back("Authorization", "Bearer " + config.source.bearer_key);
        boost::system::result<runtime::HttpResponse> answer = boost::system::error_code{net::error::timed_out};
        for (int tries = 0; tries < 10; ++tries) {
            auto copy = request;
            answer = co_await client.send(std::move(copy), runtime::Deadline::after(std::chrono::seconds{30}), true);
            if (answer && answer->status != 429 && answer->status != 503) break;
            runtime::Timer pause{co_await net::this_coro::executor, std::chrono::milliseconds{200}};
            co_await pause.async_wait(runtime::as_result);
        }
        progress.at(++report.receipts_checked);
        if (!answer || answer->status != 200) {
            report.mismatch(fmt::format("dossier {}: no receipt ({})", n,
                                        answer ? std::to_string(answer->status) : answer.error().message()));
            continue;
        }
        auto const trouble =
            receipt_trouble(answer->body, sent_bytes(prepared, n), sent[n].case_code, sent[n].dossier_id, certificate);
        if (!trouble.empty()) report.mismatch(fmt::format("dossier {} ({}): {}", n, sent[n].case_code, trouble));
    }
}

void check_over_http(RunConfig const& config, std::vector<Prepared> const& prepared, std::vector<Sent> const& sent,
                     std::string const& certificate, Report& report)
{
    net::io_context context{1};
    runtime::HttpClientConfig client_config;
    client_config.base_url = config.source.url;
    client_config.ca_file = config.source.ca_file;
    client_config.certificate_file = config.source.certificate_file;
    client_config.key_file = config.source.key_file;
    runtime::HttpClient client{context, client_config};
    Progress progress{"receipts", report.accepted};
    std::size_t next = 0;
    for (int n = 0; n < 16; ++n)
        net::co_spawn(context.get_executor(),
                      fetch_receipts(client, config, prepared, sent, next, certificate, progress, report),
                      [](std::exception_ptr error) {
                          if (error) std::rethrow_exception(error);
                      });
    context.run();
    progress.end();
    report.receipts_from = "fetched over HTTP, against the bytes sent";
}

void check_codes(std::vector<Sent> const& sent, Report& report)
{
    std::unordered_set<std::string> seen;
    for (auto const& one : sent)
        if (one.verdict == Sent::Verdict::accepted && !seen.insert(one.case_code).second)
            report.mismatch("one case code twice: " + one.case_code);
}

} // namespace

int run_load(RunConfig config)
{
    signing::initialise();
    fill_in(config);
    std::optional<OwnSink> own_sink;
    if (config.own_sink) {
        own_sink.emplace(*config.own_sink);
        config.sink_url = own_sink->url();
    }
    auto const certificate = config.receipt_certificate.empty() ? std::string{} : read_file(config.receipt_certificate);
    auto const units = units_of(config);
    auto const bad = bad_ones(config, units);

    Progress making{"made", config.mix.count};
    auto const prepared = make(config.mix, units, bad, [&](std::size_t done) { making.at(done); });
    wait_ready(config);

    std::optional<SinkView> before;
    if (!config.sink_url.empty()) {
        before = sink_view(config);
        if (!before) throw std::runtime_error("no counts from the sink at " + config.sink_url);
    }
    // The database's clock may stand a little before ours.
    auto const since = std::chrono::system_clock::now() - std::chrono::minutes{10};
    auto const begun = std::chrono::steady_clock::now();
    net::io_context context{1};
    Progress sending{"sent", prepared.size() * std::max<std::size_t>(1, config.source.rounds)};
    auto result =
        complete(context, send_all(context, config.source, prepared, [&](std::size_t done) { sending.at(done); }));
    sending.end();

    auto report = report_of(result, prepared);
    if (before) wait_delivered(config, *before, begun, report);
    check_codes(result.sent, report);
    if (config.check_receipts && !config.database_url.empty())
        check_from_database(config, prepared, result.sent, since, certificate, report);
    else if (config.check_receipts)
        check_over_http(config, prepared, result.sent, certificate, report);
    std::cout << (config.json ? to_json(report) + "\n" : to_text(report)) << std::flush;
    return report.good() ? 0 : 1;
}

} // namespace loadtest
