#include "gateway/observe/log.hpp"

#include "gateway/runtime/utf8.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <mutex>

namespace observe {
namespace {

constexpr std::size_t queue_lines_max = 8192;

// The one log of the process: log lines come from everywhere, and no part should have to carry it.
struct Sink {
    std::mutex mutex;  // guards the two pointers, not the writing
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::logger> logger;  // shared with threads that log while stop_log() runs
};
Sink& sink()
{
    static Sink instance;
    return instance;
}

spdlog::level::level_enum spdlog_level(Level level)
{
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

std::string_view name_of(Level level)
{
    switch (level) {
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: return "error";
    }
    return "error";
}

// A value may quote bytes of a peer: whatever they are, the line stays one line of valid JSON.
void append_text(std::string& line, std::string_view text)
{
    line += '"';
    while (!text.empty()) {
        auto const c = static_cast<unsigned char>(text.front());
        auto const length = runtime::utf8_length(text);
        if (length == 0) {
            line += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            line += {'\\', static_cast<char>(c)};
        } else if (c < 0x20 || c == 0x7F) {
            fmt::format_to(std::back_inserter(line), "\\u{:04x}", c);
        } else {
            line += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    line += '"';
}

struct AppendValue {
    std::string& line;
    void operator()(std::string_view text) const { append_text(line, text); }
    void operator()(std::int64_t number) const { line += std::to_string(number); }
    void operator()(bool flag) const { line += flag ? "true" : "false"; }
    void operator()(double number) const
    {
        // JSON has no infinities and no NaN (RFC 8259 §6).
        line += number - number == 0 ? fmt::format("{}", number) : "null";
    }
};

std::string json_line(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    auto const now = std::chrono::system_clock::now();
    auto const day = std::chrono::floor<std::chrono::days>(now);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{std::chrono::floor<std::chrono::microseconds>(now - day)};
    std::string line;
    line.reserve(256);
    fmt::format_to(std::back_inserter(line), R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z","level":"{}","event":)",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                   time.hours().count(), time.minutes().count(), time.seconds().count(), time.subseconds().count(), name_of(level));
    append_text(line, event);
    for (auto const& field : fields) {
        line += ',';
        append_text(line, field.key);
        line += ':';
        std::visit(AppendValue{line}, field.value);
    }
    line += '}';
    return line;
}

}  // namespace

void start_log(LogConfig const& config)
{
    auto pool = std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1);
    spdlog::sink_ptr target;
    if (config.file.empty())
        target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
        target = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file);
    auto logger = std::make_shared<spdlog::async_logger>("gateway", target, pool, spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::from_str(config.level));
    logger->flush_on(spdlog::level::warn);
    // Whoever follows the log sees every line within a second.
    spdlog::drop(logger->name());
    spdlog::register_logger(logger);
    spdlog::flush_every(std::chrono::seconds{1});

    std::lock_guard const lock{sink().mutex};
    sink().pool = std::move(pool);
    sink().logger = std::move(logger);
}

void stop_log()
{
    std::shared_ptr<spdlog::logger> logger;
    std::shared_ptr<spdlog::details::thread_pool> pool;
    {
        std::lock_guard const lock{sink().mutex};
        logger.swap(sink().logger);
        pool.swap(sink().pool);
    }
    // The pool's destructor writes what is queued and joins its thread.
    if (logger) {
        spdlog::drop(logger->name());
        logger->flush();
    }
}

std::uint64_t log_dropped() noexcept
{
    std::lock_guard const lock{sink().mutex};
    return sink().pool ? sink().pool->overrun_counter() : 0;
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    std::shared_ptr<spdlog::logger> logger;
    {
        std::lock_guard const lock{sink().mutex};
        logger = sink().logger;
    }
    if (logger) {
        if (!logger->should_log(spdlog_level(level))) return;
        auto const line = json_line(level, event, fields);
        logger->log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
    } else if (level == Level::error) {
        // Before start_log() and after stop_log() an error must still be seen.
        auto const line = json_line(level, event, fields) + "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }
}

}  // namespace observe
