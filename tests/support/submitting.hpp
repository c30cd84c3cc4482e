#pragma once

// The coordinator with real criteria, real signatures and a journal in memory: one provider, one unit, one core.
//
//   support::Submitting hub;
//   auto const reply = hub.send(hub.dossier(), "key-1");

#include "gateway/intake/submit.hpp"
#include "loadtest/corpus.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/memory_journal.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace support {

// What every Submitting shares: loading schemas and making keys is the slow part.
struct Office {
    Pki const& pki = Pki::shared();
    TemporaryDirectory directory;
    std::shared_ptr<signing::KeyPair const> unit_key = Pki::key(pki.unit("0101300842"));
    std::shared_ptr<signing::KeyPair const> stranger_key = Pki::key(signing::dev::issue(pki.unknown_root, pki.request("0101300842")));
    std::shared_ptr<signing::TrustStore const> trust;
    std::shared_ptr<schemas::Rules const> rules;
    std::shared_ptr<schemas::Validator const> validator;

    Office()
    {
        signing::initialise();
        trust = signing::TrustStore::load(pki.write_trust_directory(directory.path()), {});
        rules = schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules");
        validator = std::make_shared<schemas::Validator const>(schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), rules);
    }
    static Office const& shared()
    {
        static Office const office;
        return office;
    }
    [[nodiscard]] loadtest::CorpusConfig corpus_config(std::uint64_t seed) const
    {
        loadtest::CorpusConfig config;
        config.seed = seed;
        config.day = runtime::vietnam_day(pki.now);
        return config;
    }
    [[nodiscard]] std::shared_ptr<intake::Criteria const> criteria() const
    {
        intake::Criteria made;
        made.verifier = std::make_shared<signing::Verifier const>(trust, signing::Policy{});
        made.validator = validator;
        made.rules = rules;
        std::vector<providers::Agency> agencies(1);
        agencies[0].code = "00108";
        made.directory = std::make_shared<providers::Directory const>(std::move(agencies));
        return std::make_shared<intake::Criteria const>(std::move(made));
    }
};

inline providers::Admitted admitted_provider(std::vector<std::string> aliases)
{
    providers::Provider provider;
    provider.code = "THAISON";
    provider.name = "Thái Sơn";
    provider.aliases = std::move(aliases);
    provider.certificates = {std::string(64, 'a')};
    providers::Registry const registry{{provider}};
    return *registry.admit({std::string(64, 'a'), ""}, {providers::Role::provider}, runtime::vietnam_day(Office::shared().pki.now));
}

class Submitting {
public:
    explicit Submitting(intake::SubmitConfig config = {}) : config_{config} {}

    [[nodiscard]] std::string dossier(unsigned people = 2)
    {
        return corpus_.dossier("600", {corpus_.form("D02-TS", people)}, *Office::shared().unit_key);
    }
    [[nodiscard]] loadtest::Corpus& corpus() { return corpus_; }

    [[nodiscard]] intake::Request request(std::string body, std::string key) const
    {
        intake::Request made;
        made.method = "POST";
        made.path = "/v1/dossiers";
        made.headers = {{"Content-Type", "application/xml"}, {"Idempotency-Key", std::move(key)}};
        made.body = std::move(body);
        made.admitted = sender;
        made.trace = observe::new_trace();
        made.received_at = Office::shared().pki.now;
        return made;
    }
    intake::Reply send(intake::Request request, intake::Lane lane = intake::Lane::dossiers)
    {
        intake::Submit submit{config_, {*journal, criteria, cpu_, metrics, [this] { ++woken; }, evidence, desk, nullptr, committed}};
        return run_task(context_, submit.handle(std::move(request), lane));
    }
    intake::Reply send(std::string body, std::string key, intake::Lane lane = intake::Lane::dossiers)
    {
        return send(request(std::move(body), std::move(key)), lane);
    }

    MemoryJournal memory{plain_receipt};
    store::Journal* journal = &memory;  // a test may put another in front
    runtime::Snapshot<intake::Criteria> criteria{Office::shared().criteria()};
    providers::Admitted sender = admitted_provider({"00040", "0101300842"});
    observe::Metrics metrics;
    std::function<runtime::Task<void>(std::vector<std::string>, runtime::Deadline)> evidence;  // what a dossier waits for that lacks only evidence; empty: nothing
    otp::Desk* desk = nullptr;  // for dossiers of persons
    std::function<void(std::chrono::nanoseconds, bool, std::size_t)> committed;  // what admission is told of each commit
    unsigned woken = 0;

private:
    intake::SubmitConfig config_;
    net::io_context context_{1};  // outlives the pool, whose threads still signal it when its work has run
    net::thread_pool cpu_{1};
    loadtest::Corpus corpus_{Office::shared().corpus_config(1)};
};

inline std::string code_of(intake::Reply const& reply)
{
    boost::system::error_code error;
    auto const body = boost::json::parse(reply.body, error);
    auto const* const code = !error && body.is_object() ? body.get_object().if_contains("code") : nullptr;
    return code && code->is_string() ? std::string{code->get_string()} : std::string{};
}

}  // namespace support
