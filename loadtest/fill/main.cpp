// ivan-fill: a database of N rows with a valid log, for measurements of what reads all of it (ops/bench audit). The rows go through
// the gateway's own journal, in large groups: every dossier with bytes of its own, its number, its signed receipt, its leaf; a share
// is refused. Heads are signed in the middle and at the end.
//
// Only a first dossier is read and verified; the others are that one with another count of blanks behind its root element, which no
// signature covers (XML 1.0 §2.8: Misc).

#include "loadtest/bench/world.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/dossier/receipt.hpp"
#include "gateway/ledger/head.hpp"
#include "gateway/store/pg_journal.hpp"
#include "gateway/store/pg_log.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace
{

using namespace std::chrono_literals;

struct Options {
    std::string database_url, certificate_out;
    std::uint64_t first = 0, rows = 10'000;
    std::uint64_t refused_of = 50; // one of so many is refused
    std::int64_t people = 10;
    std::size_t together = 2048;
};

runtime::Deadline patience() { return runtime::Deadline::after(2min); }

class Fill {
public:
    explicit Fill(Options options)
        : options_{std::move(options)}, config_{config_of(options_)}, sealer_{[](auto const& facts) { return dossier::seal(facts, key()); }},
          journal_{config_, sealer_, metrics_, pool_}, log_{pool_, {"ivan-hub", 1h, 0ms}, [this](auto size, auto const& root, auto at) { return sign(size, root, at); }},
          template_{template_of(options_)}
    {
    }

    void run()
    {
        auto const begun = std::chrono::steady_clock::now();
        fill(options_.first + (options_.rows - options_.first) / 2);
        head();
        fill(options_.rows);
        head();
        auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        std::cout << fmt::format("{{\"rows\":{},\"refused\":{},\"body_bytes\":{},\"seconds\":{:.1f},\"rows_per_second\":{:.0f}}}\n", options_.rows - options_.first, refused_,
                                 body_.size(), took, static_cast<double>(options_.rows - options_.first) / took);
    }
    void write_certificate() const
    {
        auto const text = schemas::base64_encode(key().certificate_der());
        std::ofstream out{options_.certificate_out};
        out << "-----BEGIN CERTIFICATE-----\n";
        for (std::size_t i = 0; i < text.size(); i += 64) out << text.substr(i, 64) << '\n';
        out << "-----END CERTIFICATE-----\n";
        if (!out.flush()) throw std::runtime_error("cannot write " + options_.certificate_out);
    }

private:
    static store::StoreConfig config_of(Options const& options)
    {
        store::StoreConfig config;
        config.database_url = options.database_url;
        config.connections_max = 1;
        config.batch_rows_max = options.together;
        config.batch_bytes_max = 256u << 20;
        config.pending_rows_max = 2 * options.together;
        config.statement_timeout = 2min;
        return config;
    }
    static store::detail::Row template_of(Options const& options)
    {
        auto const& world = bench::World::shared();
        auto examined = world.examined(options.people);
        store::Acceptance const acceptance{world.sender(), std::move(examined.verified), std::move(examined.valid), std::string(64, '0'), "template", std::string(32, 'b')};
        return store::detail::row_of(acceptance, store::detail::Codec::none);
    }
    // In force since before the first dossier.
    static signing::KeyPair const& key()
    {
        static auto const made = [] {
            auto const& world = bench::World::shared();
            signing::dev::Request request;
            request.common_name = "I-VAN Hub, receipts";
            request.tax_code = "0101300842";
            request.key = signing::dev::KeyKind::p256;
            request.not_before = world.now - 48h;
            request.not_after = world.now + 24h * 365;
            auto const identity = signing::dev::issue(world.authorities.issuing_ca, request);
            return signing::KeyPair::from_pem(identity.key_pem, identity.certificate_pem);
        }();
        return *made;
    }

    // Filed over the last twenty hours, one after the other.
    [[nodiscard]] runtime::Instant filed(std::uint64_t n) const
    {
        auto const step = std::chrono::duration_cast<std::chrono::microseconds>(20h) / static_cast<std::int64_t>(options_.rows);
        return std::chrono::floor<std::chrono::milliseconds>(begin_ + step * static_cast<std::int64_t>(n));
    }
    // The number in ternary, in the three kinds of white space that nobody reads as a line's end.
    [[nodiscard]] std::string body(std::uint64_t n) const
    {
        auto out = body_;
        for (out += ' '; n > 0; n /= 3) out += " \t\n"[n % 3];
        return out;
    }

    runtime::Task<void> file()
    {
        while (next_ < until_) {
            auto const n = next_++;
            if (n % options_.refused_of == 1) co_await refuse(n);
            else co_await accept(n);
        }
    }
    runtime::Task<void> accept(std::uint64_t n)
    {
        auto const bytes = body(n);
        auto row = template_;
        row.idempotency_key = fmt::format("fill-{}", n);
        row.facts.received_at = filed(n);
        row.facts.dossier_id = dossier::new_id(row.facts.received_at);
        row.facts.content_sha256 = signing::hex(signing::sha256(bytes));
        row.facts.content_bytes = bytes.size();
        row.packed_body = store::detail::pack(store::detail::Codec::lz4, bytes);
        row.body.reset();
        auto const stored = co_await journal_.accept_row(std::move(row), patience());
        if (!stored) throw std::runtime_error(fmt::format("row {}: {}: {}", n, store::name_of(stored.error().why), stored.error().detail));
    }
    runtime::Task<void> refuse(std::uint64_t n)
    {
        store::RefusalRecord record;
        record.provider = template_.facts.provider_code;
        record.idempotency_key = fmt::format("fill-{}", n);
        record.body = fmt::format("<Hoso>broken {}", n);
        record.content_sha256 = signing::hex(signing::sha256(record.body));
        record.fault_id = n % 3 == 0 ? "GW-3012" : "GW-3001";
        record.problem = "{}";
        record.at = filed(n);
        record.trace_id = std::string(32, 'b');
        ++refused_;
        auto const noted = co_await journal_.refuse(std::move(record), patience());
        if (!noted) throw std::runtime_error(fmt::format("refusal {}: {}", n, noted.error().detail));
    }

    void fill(std::uint64_t until)
    {
        until_ = until;
        std::exception_ptr trouble;
        for (std::size_t i = 0; i < options_.together; ++i)
            net::co_spawn(context_.get_executor(), file(), [&](std::exception_ptr error) {
                if (!error || trouble) return;
                trouble = error;
                until_ = 0;
            });
        context_.restart();
        while (next_ < until_ && context_.run_for(1s) > 0) std::cerr << fmt::format("\r{} rows ", next_) << std::flush;
        context_.run();
        std::cerr << '\n';
        if (trouble) std::rethrow_exception(trouble);
    }

    store::SignedHead sign(std::uint64_t size, ledger::Hash const& root, runtime::Instant at) const
    {
        ledger::TreeHead head{"ivan-hub", size, root, std::chrono::floor<std::chrono::milliseconds>(at), key().certificate().fingerprint};
        auto text = ledger::canonical_head(head).value();
        auto signature = signing::sign_text(key(), text);
        return {size, at, signing::hex(head.key_id), std::move(text), std::move(signature)};
    }
    void head()
    {
        auto const ask = [this]() -> runtime::Task<void> {
            auto const made = co_await log_.head(0ms, std::chrono::system_clock::now(), patience());
            if (!made) throw std::runtime_error("no head: " + made.error().detail);
        };
        std::exception_ptr trouble;
        context_.restart();
        net::co_spawn(context_.get_executor(), ask(), [&](std::exception_ptr error) { trouble = error; });
        context_.run();
        if (trouble) std::rethrow_exception(trouble);
    }

    Options const options_;
    store::StoreConfig const config_;
    observe::Metrics metrics_;
    store::detail::PgPool pool_{config_, metrics_};
    store::Sealer const sealer_;
    store::detail::PgJournal journal_;
    store::detail::PgLog log_;
    std::string const body_ = bench::World::shared().dossier(options_.people);
    store::detail::Row const template_;
    runtime::Instant const begin_ = std::chrono::system_clock::now() - 20h;
    net::io_context context_{1};
    std::uint64_t next_ = options_.first, until_ = 0, refused_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    Options options;
    CLI::App app{"I-VAN Hub: a database of many rows with a valid log", "ivan-fill"};
    app.add_option("--database-url", options.database_url, "An empty database, as a libpq URL, or one of an earlier run; it is migrated")->envname("IVAN_DATABASE_URL")->required();
    app.add_option("--rows", options.rows, "Dossiers and refusals together")->check(CLI::Range(1'000u, 20'000'000u))->capture_default_str();
    app.add_option("--first", options.first, "Where an earlier run with --rows of this number stopped")->check(CLI::Range(0u, 20'000'000u));
    app.add_option("--people", options.people, "Employees in a dossier: 10 are 12 KB")->check(CLI::Range(1, 1'000))->capture_default_str();
    app.add_option("--certificate-out", options.certificate_out, "File for the receipt key's certificate (PEM)")->required();
    try {
        app.parse(argc, argv);
        if (options.first >= options.rows) throw std::runtime_error("--rows is where it stops: more than --first");
        static_cast<void>(store::migrate(options.database_url));
        Fill fill{options};
        fill.write_certificate();
        fill.run();
        return 0;
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (std::exception const& error) {
        std::cerr << "ivan-fill: " << error.what() << '\n';
        return 2;
    }
}
