#include "loadtest/source.hpp"

#include "gateway/delivery/backoff.hpp"
#include "gateway/dossier/case_code.hpp"
#include "gateway/runtime/http_client.hpp"
#include "gateway/runtime/task_group.hpp"
#include "signing/digest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

namespace loadtest
{

namespace
{

namespace json = boost::json;
using Time = std::chrono::steady_clock::time_point;
constexpr std::chrono::seconds wait_max{5};

std::string text_at(json::object const& object, std::string_view name)
{
    auto const* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string{member->get_string()} : std::string{};
}

std::optional<json::object> object_of(std::string const& body)
{
    boost::system::error_code ec;
    auto value = json::parse(body, ec);
    if (ec || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

class Sender {
public:
    Sender(net::io_context& context, SourceConfig config, std::vector<Prepared> const& prepared,
           std::function<void(std::size_t)> progress)
        : context_{context}, config_{std::move(config)}, prepared_{prepared}, progress_{std::move(progress)},
          client_{context, client_config(config_)}, tasks_{context,
                                                           [this](std::string const&, std::string const& what) {
                                                               surprise_ = what;
                                                           }}
    {
        result_.sent.resize(prepared.size() * std::max<std::size_t>(1, config_.rounds));
    }

    runtime::Task<SourceResult> run()
    {
        begun_ = std::chrono::steady_clock::now();
        limit_ = begun_ + config_.time_max;
        auto const workers = std::min(config_.connections, result_.sent.size());
        for (std::size_t n = 0; n < workers; ++n) tasks_.spawn("source", worker());
        while (tasks_.size() > 0) {
            progress_(done_);
            runtime::Timer pause{context_.get_executor(), std::chrono::milliseconds{20}};
            co_await pause.async_wait(runtime::as_result);
        }
        progress_(done_);
        if (!surprise_.empty()) throw std::runtime_error("source: " + surprise_);
        result_.elapsed = last_ - begun_;
        co_return std::move(result_);
    }

private:
    static runtime::HttpClientConfig client_config(SourceConfig const& config)
    {
        runtime::HttpClientConfig client;
        client.base_url = config.url;
        client.ca_file = config.ca_file;
        client.certificate_file = config.certificate_file;
        client.key_file = config.key_file;
        client.connections_max = config.connections;
        return client;
    }

    runtime::Task<void> worker()
    {
        for (;;) {
            auto const n = next_++;
            if (n >= result_.sent.size() || std::chrono::steady_clock::now() >= limit_) co_return;
            auto due = std::chrono::steady_clock::now();
            if (config_.rate > 0) {
                due = begun_ + std::chrono::duration_cast<Time::duration>(
                                   std::chrono::duration<double>{static_cast<double>(n) / config_.rate});
                runtime::Timer until{context_.get_executor(), due};
                co_await until.async_wait(runtime::as_result);
            }
            auto& sent = result_.sent[n];
            co_await send_one(n, sent);
            last_ = std::chrono::steady_clock::now();
            // From when it was due: what waits for a slow answer has waited too.
            sent.took = last_ - due;
            ++done_;
            if (sent.verdict == Sent::Verdict::accepted && repeats_due(n)) co_await repeat(n, sent);
        }
    }

    [[nodiscard]] Prepared const& of(std::size_t n) const { return prepared_[n % prepared_.size()]; }

    [[nodiscard]] bool repeats_due(std::size_t n) const
    {
        auto const of = config_.repeat_share;
        return of > 0 && std::floor(static_cast<double>(n + 1) * of) > std::floor(static_cast<double>(n) * of);
    }

    [[nodiscard]] runtime::HttpRequest request_of(std::size_t n) const
    {
        runtime::HttpRequest request;
        request.method = "POST";
        request.target = "/v1/dossiers";
        request.headers = {{"Content-Type", "application/xml"},
                           {"Accept", "application/json"},
                           {"Idempotency-Key", idempotency_key(config_.run_id, n)}};
        if (!config_.bearer_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + config_.bearer_key);
        request.body = sent_bytes(prepared_, n);
        return request;
    }

    runtime::Task<void> send_one(std::size_t n, Sent& sent)
    {
        for (;;) {
            ++sent.tries;
            auto request = request_of(n);
            auto const answer =
                co_await client_.send(std::move(request), runtime::Deadline::after(config_.request_timeout), true);
            auto const again = answer && (answer->status == 429 || answer->status == 503);
            if (answer && !again) {
                judge(n, *answer, sent);
                if (sent.verdict == Sent::Verdict::accepted && sent.tries == 1 && answer->status != 201)
                    wrong(sent, "the first answer is not 201");
                if (repeats_due(n)) first_answer_[n] = answer->body;
                co_return;
            }
            ++(answer ? result_.busy : result_.lost);
            if (sent.tries >= config_.tries_max || std::chrono::steady_clock::now() >= limit_) {
                sent.verdict = Sent::Verdict::unanswered;
                sent.trouble = answer ? fmt::format("HTTP {} {}", answer->status, answer->body.substr(0, 200))
                                      : answer.error().message();
                co_return;
            }
            runtime::Timer pause{
                context_.get_executor(),
                pause_before_retry(answer ? answer->header("Retry-After") : std::string_view{}, sent.tries)};
            co_await pause.async_wait(runtime::as_result);
        }
    }

    static std::chrono::milliseconds pause_before_retry(std::string_view retry_after, unsigned tries)
    {
        auto const said = delivery::parse_retry_after(retry_after, std::chrono::system_clock::now());
        if (said) return std::min(*said, wait_max);
        return std::min<std::chrono::milliseconds>(std::chrono::milliseconds{50} * (1u << std::min(tries, 8u)),
                                                   wait_max);
    }

    static void wrong(Sent& sent, std::string what)
    {
        sent.verdict = Sent::Verdict::wrong;
        sent.trouble = std::move(what);
    }

    void judge(std::size_t n, runtime::HttpResponse const& answer, Sent& sent) const
    {
        auto const& prepared = of(n);
        auto const object = object_of(answer.body);
        if (!object)
            return wrong(sent, fmt::format("HTTP {} without JSON: {}", answer.status, answer.body.substr(0, 200)));
        bool const accepted = answer.status == 201 || answer.status == 200;
        if (!prepared.expected_code.empty()) {
            auto const code = text_at(*object, "code");
            if (accepted || code != prepared.expected_code)
                return wrong(sent, fmt::format("{}: HTTP {} {} instead of {}", prepared.kind, answer.status, code,
                                               prepared.expected_code));
            sent.verdict = Sent::Verdict::refused;
            return;
        }
        if (!accepted)
            return wrong(sent, fmt::format("{}: HTTP {} {}", prepared.kind, answer.status, answer.body.substr(0, 600)));
        sent.dossier_id = text_at(*object, "dossier_id");
        sent.case_code = text_at(*object, "case_code");
        auto const* const forms = object->if_contains("forms");
        if (text_at(*object, "content_sha256") != sent_sha256(prepared_, n)) return wrong(sent, "content_sha256 is not ours");
        if (dossier::normalise_case_code(sent.case_code) != sent.case_code)
            return wrong(sent, "not a case code: " + sent.case_code);
        if (text_at(*object, "unit_code") != prepared.unit_code || text_at(*object, "agency") != prepared.agency)
            return wrong(sent, "unit_code or agency is not ours");
        if (forms == nullptr || !forms->is_array() || forms->get_array().size() != prepared.forms)
            return wrong(sent, "forms[] is not ours");
        if (answer.status == 201 && answer.header("Location").empty()) return wrong(sent, "201 without Location");
        sent.verdict = Sent::Verdict::accepted;
    }

    // Promise 2: the same bytes under the same key give the same answer, byte for byte.
    runtime::Task<void> repeat(std::size_t n, Sent& sent)
    {
        ++result_.repeats;
        for (unsigned tries = 0; tries < config_.tries_max; ++tries) {
            auto request = request_of(n);
            auto const answer =
                co_await client_.send(std::move(request), runtime::Deadline::after(config_.request_timeout), true);
            if (answer && answer->status != 429 && answer->status != 503) {
                if (answer->status != 200 || answer->body != first_answer_[n])
                    wrong(sent, fmt::format("a repeat was answered {} with other bytes", answer->status));
                first_answer_.erase(n);
                co_return;
            }
            runtime::Timer pause{
                context_.get_executor(),
                pause_before_retry(answer ? answer->header("Retry-After") : std::string_view{}, tries)};
            co_await pause.async_wait(runtime::as_result);
        }
    }

    net::io_context& context_;
    SourceConfig config_;
    std::vector<Prepared> const& prepared_;
    std::function<void(std::size_t)> progress_;
    runtime::HttpClient client_;
    runtime::TaskGroup tasks_;
    SourceResult result_;
    std::map<std::size_t, std::string> first_answer_; // of those that will be repeated
    std::string surprise_;
    Time begun_{}, last_{}, limit_{};
    std::size_t next_ = 0, done_ = 0;
};

} // namespace

std::string blanks(std::uint64_t number)
{
    std::string out;
    if (number > 0) out += '\n';
    for (; number > 0; number >>= 1) out += (number & 1) != 0 ? '\t' : ' ';
    return out;
}

std::string sent_bytes(std::vector<Prepared> const& prepared, std::size_t n)
{
    return prepared[n % prepared.size()].bytes + blanks(n / prepared.size());
}

std::string sent_sha256(std::vector<Prepared> const& prepared, std::size_t n)
{
    return n < prepared.size() ? prepared[n].sha256 : signing::hex(signing::sha256(sent_bytes(prepared, n)));
}

std::string idempotency_key(std::string const& run_id, std::size_t n) { return fmt::format("{}-{}", run_id, n); }

runtime::Task<SourceResult> send_all(net::io_context& context, SourceConfig config,
                                     std::vector<Prepared> const& prepared, std::function<void(std::size_t)> progress)
{
    Sender sender{context, std::move(config), prepared, std::move(progress)};
    co_return co_await sender.run();
}

} // namespace loadtest
