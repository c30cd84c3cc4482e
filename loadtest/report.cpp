#include "loadtest/report.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace loadtest
{

namespace
{

constexpr std::size_t words_max = 20; // mismatches told in words

double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

} // namespace

Latency latency_of(std::vector<std::chrono::nanoseconds> times)
{
    if (times.empty()) return {};
    std::sort(times.begin(), times.end());
    auto const rank = [&](double share) {
        auto const n = static_cast<std::size_t>(std::ceil(share * static_cast<double>(times.size())));
        return milliseconds(times[std::clamp<std::size_t>(n, 1, times.size()) - 1]);
    };
    return {rank(0.5), rank(0.9), rank(0.99), rank(0.999), milliseconds(times.back())};
}

void Report::mismatch(std::string what)
{
    ++mismatches;
    if (first_mismatches.size() < words_max) first_mismatches.push_back(std::move(what));
}

bool Report::good() const
{
    return mismatches == 0 && unanswered == 0 && accepted + refused == sent && (!delivered || *delivered >= accepted);
}

Report report_of(SourceResult const& result, std::vector<Prepared> const& prepared)
{
    Report report;
    report.sent = result.sent.size();
    report.repeats = result.repeats;
    report.busy = result.busy;
    report.lost = result.lost;
    std::vector<std::chrono::nanoseconds> times;
    std::uint64_t bytes = 0;
    for (std::size_t n = 0; n < result.sent.size(); ++n) {
        auto const& sent = result.sent[n];
        switch (sent.verdict) {
        case Sent::Verdict::accepted:
            ++report.accepted;
            times.push_back(sent.took);
            bytes += prepared[n % prepared.size()].bytes.size();
            break;
        case Sent::Verdict::refused: ++report.refused; break;
        case Sent::Verdict::wrong: report.mismatch(fmt::format("dossier {}: {}", n, sent.trouble)); break;
        case Sent::Verdict::unanswered:
            ++report.unanswered;
            if (report.unanswered == 1)
                report.first_mismatches.push_back(fmt::format("dossier {} unanswered: {}", n, sent.trouble));
            break;
        case Sent::Verdict::unsent: ++report.unanswered, ++report.unsent; break;
        }
    }
    report.latency = latency_of(std::move(times));
    report.seconds = static_cast<double>(result.elapsed.count()) / 1e9;
    if (report.seconds > 0)
        report.docs_per_second = static_cast<double>(report.accepted + report.refused) / report.seconds;
    report.mebibytes = static_cast<double>(bytes) / (1 << 20);
    return report;
}

std::string to_text(Report const& r)
{
    std::string text =
        fmt::format("accepted    {}\nrefused     {}   (as expected, each with its code)\n", r.accepted, r.refused);
    if (r.unanswered > 0) text += fmt::format("unanswered  {}\n", r.unanswered);
    if (r.delivered)
        text += fmt::format("delivered   {}   ({:.1f} s from the first request to the last delivery)\n", *r.delivered,
                            r.delivered_after_seconds);
    text += fmt::format("docs/s      {:.0f}   ({:.1f} s, {:.1f} MiB/s, {} repeats, {} told to wait, {} answers lost)\n",
                        r.docs_per_second, r.seconds, r.seconds > 0 ? r.mebibytes / r.seconds : 0.0, r.repeats, r.busy,
                        r.lost);
    text += fmt::format("latency     p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms, max {:.2f} ms\n", r.latency.p50_ms,
                        r.latency.p99_ms, r.latency.p999_ms, r.latency.max_ms);
    if (!r.receipts_from.empty())
        text += fmt::format("receipts    {} computed again ({})\n", r.receipts_checked, r.receipts_from);
    text += fmt::format("{} mismatches\n", r.mismatches);
    for (auto const& words : r.first_mismatches) text += "  " + words + "\n";
    return text;
}

std::string to_json(Report const& r)
{
    boost::json::array words(r.first_mismatches.begin(), r.first_mismatches.end());
    boost::json::object object{{"sent", r.sent},
                               {"accepted", r.accepted},
                               {"refused", r.refused},
                               {"unanswered", r.unanswered},
                               {"unsent", r.unsent},
                               {"repeats", r.repeats},
                               {"busy", r.busy},
                               {"lost", r.lost},
                               {"seconds", r.seconds},
                               {"docs_per_second", r.docs_per_second},
                               {"latency_ms",
                                {{"p50", r.latency.p50_ms},
                                 {"p90", r.latency.p90_ms},
                                 {"p99", r.latency.p99_ms},
                                 {"p99_9", r.latency.p999_ms},
                                 {"max", r.latency.max_ms}}},
                               {"receipts_checked", r.receipts_checked},
                               {"receipts_from", r.receipts_from},
                               {"mismatches", r.mismatches},
                               {"first_mismatches", std::move(words)},
                               {"good", r.good()}};
    if (r.delivered) {
        object["delivered"] = *r.delivered;
        object["delivered_after_seconds"] = r.delivered_after_seconds;
    }
    return boost::json::serialize(object);
}

Progress::Progress(std::string label, std::size_t total)
    : label_{std::move(label)}, total_{total}, terminal_{isatty(STDERR_FILENO) == 1},
      begun_{std::chrono::steady_clock::now()}
{
}

void Progress::at(std::size_t done)
{
    done_ = done;
    auto const now = std::chrono::steady_clock::now();
    auto const every = terminal_ ? std::chrono::milliseconds{100} : std::chrono::milliseconds{5000};
    if (now - shown_ < every && done < total_) return;
    if (!terminal_ && shown_ == std::chrono::steady_clock::time_point{} && done < total_) {
        shown_ = now; // no line yet: most are over in five seconds
        return;
    }
    if (done >= total_ && shown_ == std::chrono::steady_clock::time_point::max()) return;
    shown_ = done >= total_ ? std::chrono::steady_clock::time_point::max() : now;
    auto const seconds = std::chrono::duration<double>(now - begun_).count();
    constexpr std::size_t width = 30;
    auto const filled = total_ == 0 ? width : std::min(width, done * width / total_);
    std::fprintf(stderr, "%s",
                 fmt::format("{}{:<10} [{:<{}}] {:>7}/{} {:>7.0f}/s{}", terminal_ ? "\r" : "", label_,
                             std::string(filled, '#'), width, done, total_,
                             seconds > 0 ? static_cast<double>(done) / seconds : 0.0, terminal_ ? "" : "\n")
                     .c_str());
    if (done >= total_ && terminal_) std::fprintf(stderr, "\n");
}

void Progress::end()
{
    if (done_ < total_ && terminal_) std::fprintf(stderr, "\n");
}

} // namespace loadtest
