#include "loadtest/drill/filer.hpp"

#include "gateway/delivery/backoff.hpp"
#include "gateway/runtime/http_client.hpp"
#include "gateway/runtime/task_group.hpp"
#include "loadtest/drill/ledger.hpp"
#include "loadtest/receipt_check.hpp"
#include "signing/digest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>

namespace loadtest::drill
{

namespace
{

namespace json = boost::json;
using Steady = std::chrono::steady_clock;
using runtime::HttpResponse;
using runtime::Task;
using Answer = boost::system::result<HttpResponse>;

constexpr std::size_t words_max = 20;
constexpr std::chrono::milliseconds pause_first{50}, pause_max{2000}, look_every{50};

std::string text_at(std::string const& body, std::string_view pointer)
{
    boost::system::error_code ec;
    auto const value = json::parse(body, ec);
    if (ec) return {};
    auto const* const member = value.find_pointer(pointer, ec);
    return member != nullptr && member->is_string() ? std::string{member->get_string()} : std::string{};
}

struct Filing {
    std::string receipt;            // the answer's bytes; empty: none yet
    std::string dossier_id, case_code;
    std::string found_id;           // by hash, while the receipt was still missing
};

class Filer {
public:
    Filer(net::io_context& context, FilerConfig config, std::vector<Prepared> const& prepared, std::function<void(std::size_t)> progress)
        : context_{context}, config_{std::move(config)}, prepared_{prepared}, progress_{std::move(progress)}, ledger_{config_.ledger_file},
          filings_(prepared.size()), tasks_{context, [this](std::string const&, std::string const& what) { surprise_ = what; }}
    {
        if (config_.urls.empty()) throw std::runtime_error("no address to file at");
        for (auto const& url : config_.urls) {
            runtime::HttpClientConfig client;
            client.base_url = url;
            client.ca_file = config_.ca_file;
            client.certificate_file = config_.certificate_file;
            client.key_file = config_.key_file;
            client.connections_max = config_.connections;
            clients_.push_back(std::make_unique<runtime::HttpClient>(context, client));
        }
    }

    Task<FilerReport> run()
    {
        begun_ = last_receipt_ = Steady::now();
        auto const filing = [this](std::size_t n) { return file(n); };
        co_await all(filing, true);
        report_.seconds = std::chrono::duration<double>(Steady::now() - begun_).count();
        if (!config_.sent_file.empty()) std::ofstream{config_.sent_file} << report_.accepted << std::endl;
        while (!config_.repeat_file.empty() && !std::filesystem::exists(config_.repeat_file)) co_await sleep(look_every);
        auto const repeating = [this](std::size_t n) { return repeat(n); };
        co_await all(repeating, false);
        for (auto const& client : clients_) report_.cut += client->counts().connected + client->counts().reused;
        report_.cut -= answers_;
        co_return std::move(report_);
    }

private:
    // Every dossier, by as many workers as there are connections.
    template <class Work>
    Task<void> all(Work work, bool paced)
    {
        next_ = done_ = 0;
        auto const workers = std::min(config_.connections, prepared_.size());
        for (std::size_t n = 0; n < workers; ++n) tasks_.spawn("filer", worker(work, paced));
        while (tasks_.size() > 0) {
            progress_(done_);
            co_await sleep(look_every);
        }
        progress_(done_);
        if (!surprise_.empty()) throw std::runtime_error("filer: " + surprise_);
    }

    template <class Work>
    Task<void> worker(Work work, bool paced)
    {
        for (;;) {
            auto const n = next_++;
            if (n >= prepared_.size()) co_return;
            if (paced) {
                if (config_.rate > 0) {
                    auto const due = begun_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>{static_cast<double>(n) / config_.rate});
                    runtime::Timer until{context_.get_executor(), due};
                    co_await until.async_wait(runtime::as_result);
                }
                if (stopped()) co_return;
            }
            co_await work(n);
            ++done_;
        }
    }

    bool stopped()
    {
        if (stopped_ || config_.stop_file.empty()) return stopped_;
        auto const now = Steady::now();
        if (now < look_at_) return false;
        look_at_ = now + look_every;
        return stopped_ = std::filesystem::exists(config_.stop_file);
    }

    Task<void> sleep(std::chrono::milliseconds time)
    {
        runtime::Timer timer{context_.get_executor(), time};
        co_await timer.async_wait(runtime::as_result);
    }

    [[nodiscard]] std::string key_of(std::size_t n) const { return fmt::format("{}-{}", config_.run_id, n); }

    [[nodiscard]] runtime::HttpRequest request(std::string method, std::string target) const
    {
        runtime::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        if (!config_.bearer_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + config_.bearer_key);
        return request;
    }

    // Half of the providers want the signed receipt itself.
    [[nodiscard]] static bool wants_xml(std::size_t n) { return n % 2 == 1; }

    Task<Answer> post(std::size_t n, std::size_t address)
    {
        auto sending = request("POST", "/v1/dossiers");
        sending.headers.emplace_back("Content-Type", "application/xml");
        sending.headers.emplace_back("Accept", wants_xml(n) ? "application/xml" : "application/json");
        sending.headers.emplace_back("Idempotency-Key", key_of(n));
        sending.body = prepared_[n].bytes;
        auto const since = Steady::now();
        auto answer = co_await send(std::move(sending), address);
        if (answer) report_.longest_answer_s = std::max(report_.longest_answer_s, std::chrono::duration<double>(Steady::now() - since).count());
        co_return answer;
    }

    // Never repeated by the client itself, so that each has one connection and at most one answer.
    Task<Answer> send(runtime::HttpRequest sending, std::size_t address)
    {
        auto answer = co_await clients_[address]->send(std::move(sending), runtime::Deadline::after(config_.request_timeout), false);
        if (answer) ++answers_;
        co_return answer;
    }

    static bool later(Answer const& answer) { return !answer || answer->status == 429 || answer->status == 503; }

    // The answer to one POST, over as many tries as it takes; nothing: patience is over. `lost` hears of every lost answer.
    template <class Lost>
    Task<std::optional<HttpResponse>> insist(std::size_t n, Lost lost)
    {
        auto const until = Steady::now() + config_.patience;
        auto pause = pause_first;
        auto address = n % clients_.size();
        for (std::size_t in_a_row = 0;;) {
            auto answer = co_await post(n, address);
            if (!later(answer)) co_return std::move(*answer);
            auto const told = note_trouble(answer);
            if (!answer) co_await lost(address);
            address = (address + 1) % clients_.size();
            if (++in_a_row % clients_.size() != 0) continue; // the other one may do
            ++report_.failed;
            if (Steady::now() >= until) co_return std::nullopt;
            co_await sleep(told.value_or(pause));
            pause = std::min(pause * 2, pause_max);
        }
    }

    std::optional<std::chrono::milliseconds> note_trouble(Answer const& answer)
    {
        if (!answer) {
            ++report_.lost_answers;
            return std::nullopt;
        }
        ++report_.busy;
        if (answer->status == 503) ++report_.unavailable;
        auto const told = delivery::parse_retry_after(answer->header("Retry-After"), std::chrono::system_clock::now());
        if (!told) {
            ++report_.no_retry_after;
            word(fmt::format("{} without Retry-After: {}", answer->status, answer->body.substr(0, 200)));
            return std::nullopt;
        }
        return std::min<std::chrono::milliseconds>(*told, config_.retry_after_max);
    }

    Task<void> file(std::size_t n)
    {
        ++report_.sent;
        auto const asking = [this, n](std::size_t address) { return ask(n, address); };
        auto const answer = co_await insist(n, asking);
        if (!answer) {
            ++report_.unanswered;
            word(key_of(n) + ": no receipt within its patience");
            co_return;
        }
        if (answer->status != 200 && answer->status != 201) {
            ++report_.refused;
            word(fmt::format("{}: {} {}", key_of(n), answer->status, answer->body.substr(0, 300)));
            co_return;
        }
        take_receipt(n, *answer);
    }

    void take_receipt(std::size_t n, HttpResponse const& answer)
    {
        auto& filing = filings_[n];
        if (wants_xml(n)) {
            auto words = read_receipt(answer.body);
            filing.dossier_id = std::move(words.dossier_id);
            filing.case_code = std::move(words.case_code);
        } else {
            filing.dossier_id = text_at(answer.body, "/dossier_id");
            filing.case_code = text_at(answer.body, "/case_code");
        }
        filing.receipt = answer.body;
        ++report_.accepted;
        auto const now = Steady::now();
        report_.longest_silence_s = std::max(report_.longest_silence_s, std::chrono::duration<double>(now - last_receipt_).count());
        last_receipt_ = now;
        if (!filing.found_id.empty() && filing.found_id != filing.dossier_id) difference(n, "found by its hash as " + filing.found_id);
        if (!filing.found_id.empty() && answer.status == 201) {
            ++report_.found_then_new;
            word(key_of(n) + ": found by its hash, and then stored as new");
        }
        auto const& was = prepared_[n];
        ledger_.write({std::chrono::system_clock::now(), key_of(n), was.sha256, filing.dossier_id, filing.case_code, was.unit_code, was.agency,
                       signing::hex(signing::sha256(answer.body)), wants_xml(n)});
    }

    // Was it stored? Only a hint for people: the same bytes again settle it.
    Task<void> ask(std::size_t n, std::size_t address)
    {
        if (std::uniform_real_distribution<double>{0, 1}(random_) >= config_.ask_share) co_return;
        auto asking = request("GET", "/v1/dossiers?content_sha256=" + prepared_[n].sha256);
        auto const answer = co_await send(std::move(asking), address);
        if (!answer) co_return;
        ++report_.asked;
        if (answer->status != 200 || text_at(answer->body, "/outcome") != "accepted") co_return;
        ++report_.asked_found;
        filings_[n].found_id = text_at(answer->body, "/dossier/dossier_id");
    }

    // Promise 2: the same bytes under the same key give the same answer, byte for byte.
    Task<void> repeat(std::size_t n)
    {
        auto const& filing = filings_[n];
        if (filing.receipt.empty()) co_return;
        auto const shrug = [](std::size_t) -> Task<void> { co_return; };
        auto const answer = co_await insist(n, shrug);
        ++report_.repeats;
        if (!answer) difference(n, "no answer to its repeat");
        else if (answer->status != 200) difference(n, fmt::format("its repeat was answered {}", answer->status));
        else if (answer->body != filing.receipt) difference(n, "its repeat was answered with other bytes");
    }

    void difference(std::size_t n, std::string_view what)
    {
        ++report_.differences;
        word(fmt::format("{} ({}): {}", key_of(n), filings_[n].case_code, what));
    }
    void word(std::string what)
    {
        if (report_.words.size() < words_max) report_.words.push_back(std::move(what));
    }

    net::io_context& context_;
    FilerConfig config_;
    std::vector<Prepared> const& prepared_;
    std::function<void(std::size_t)> progress_;
    Ledger ledger_;
    std::vector<Filing> filings_;
    std::vector<std::unique_ptr<runtime::HttpClient>> clients_;
    runtime::TaskGroup tasks_;
    FilerReport report_;
    std::string surprise_;
    std::mt19937_64 random_{std::random_device{}()};
    Steady::time_point begun_{}, last_receipt_{}, look_at_{};
    std::size_t next_ = 0, done_ = 0;
    std::uint64_t answers_ = 0;
    bool stopped_ = false;
};

} // namespace

bool FilerReport::good() const
{
    return accepted > 0 && accepted == sent && unanswered + refused + no_retry_after + found_then_new + differences == 0 && repeats == accepted;
}

std::string to_json(FilerReport const& r)
{
    json::array words;
    for (auto const& word : r.words) words.emplace_back(word);
    json::object const object{{"sent", r.sent},
                              {"accepted", r.accepted},
                              {"unanswered", r.unanswered},
                              {"refused", r.refused},
                              {"lost_answers", r.lost_answers},
                              {"busy", r.busy},
                              {"unavailable", r.unavailable},
                              {"cut", r.cut},
                              {"failed", r.failed},
                              {"no_retry_after", r.no_retry_after},
                              {"asked", r.asked},
                              {"asked_found", r.asked_found},
                              {"found_then_new", r.found_then_new},
                              {"repeats", r.repeats},
                              {"differences", r.differences},
                              {"seconds", r.seconds},
                              {"longest_silence_s", r.longest_silence_s},
                              {"longest_answer_s", r.longest_answer_s},
                              {"good", r.good()},
                              {"words", std::move(words)}};
    return json::serialize(object);
}

runtime::Task<FilerReport> file_all(net::io_context& context, FilerConfig config, std::vector<Prepared> const& prepared,
                                    std::function<void(std::size_t)> progress)
{
    Filer filer{context, std::move(config), prepared, std::move(progress)};
    co_return co_await filer.run();
}

} // namespace loadtest::drill
