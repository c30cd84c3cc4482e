#pragma once

// Structured logs: one JSON object a line. Keys are fixed words; values never hold names, BHXH numbers, phone
// numbers or any other personal data, only ids, codes, counts and times.
//
// Threads: any. The sink is asynchronous with a bounded queue; when it is full the oldest lines are dropped and counted.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace observe {

enum class Level { debug, info, warning, error };

struct LogConfig {
    std::string level = "info";
    std::string file;  // empty: standard error
};

using Value = std::variant<std::string_view, std::int64_t, double, bool>;
struct Field {
    std::string_view key;
    Value value;
    Field(std::string_view k, std::string_view v) : key{k}, value{v} {}
    Field(std::string_view k, std::string const& v) : key{k}, value{std::string_view{v}} {}
    Field(std::string_view k, char const* v) : key{k}, value{std::string_view{v}} {}
    Field(std::string_view k, bool v) : key{k}, value{v} {}
    Field(std::string_view k, double v) : key{k}, value{v} {}
    template <class I>
        requires std::is_integral_v<I>
    Field(std::string_view k, I v) : key{k}, value{static_cast<std::int64_t>(v)} {}
};

void start_log(LogConfig const& config);
void stop_log();                                  // writes out what is queued
[[nodiscard]] std::uint64_t log_dropped() noexcept;  // lines lost since start because the queue was full
// log(Level::info, "dossier stored", {{"trace_id", id}, {"case_code", code}});
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace observe
