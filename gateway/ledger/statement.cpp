#include "gateway/ledger/statement.hpp"

#include "gateway/ledger/detail/words.hpp"
#include "gateway/ledger/head.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>
#include <optional>
#include <utility>

namespace ledger {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

constexpr std::string_view title = "IVAN-Hub statement 1";
constexpr std::string_view upper_digits = "0123456789ABCDEF";

bool visible(std::string_view text, std::size_t bytes_max)
{
    return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

char const* trouble_of(Statement const& statement)
{
    if (!detail::log_name_ok(statement.log, log_name_bytes_max)) return "the log's name is empty, too long, or has other characters than a-z 0-9 . - / _";
    if (!visible(statement.provider, provider_bytes_max)) return "the provider's code is empty, too long, or has a blank or other invisible character";
    if (!detail::time_ok(std::chrono::sys_time<Milliseconds>{statement.day}) || !detail::time_ok(statement.at)) return "a time outside 1970 to 9999";
    if (statement.size > size_max || statement.from > statement.size) return "a tree larger than the largest log, or a beginning behind its end";
    if (statement.size == 0 && statement.root != empty_root()) return "a tree of no leaves with a root of some";
    if (statement.refused.size() > statement_codes_max) return "more codes than there are";
    std::uint64_t left = statement.size;
    auto const take = [&](std::uint64_t count) { return count <= left && (left -= count, true); };
    if (!take(statement.accepted)) return "more entries than the log has";
    for (auto const& [code, count] : statement.refused) {
        if (!visible(code, fault_id_bytes_max) || count == 0) return "a code that is none, or that nothing was refused with";
        if (!take(count)) return "more entries than the log has";
    }
    return nullptr;
}

std::string written(Statement const& statement)
{
    auto text = fmt::format("{}\nlog {}\nprovider {}\nday {}\nstate {}\nfrom {}\nsize {}\nroot {}\naccepted {}\nrefused {}\n", title, statement.log,
                            statement.provider, detail::day_text(statement.day), statement.closed ? "closed" : "provisional", statement.from,
                            statement.size, signing::hex(statement.root), statement.accepted, statement.refused_count());
    for (auto const& [code, count] : statement.refused) text += fmt::format("code {} {}\n", code, count);
    return text + fmt::format("entries {}\ntime {}\nkey {}\n", signing::hex(statement.entries), detail::time_text(statement.at),
                              signing::hex(statement.key_id));
}

std::string escaped(std::string_view field)
{
    if (field.empty()) return "-";
    if (field == "-") return "%2D";
    std::string out;
    for (char const c : field) {
        if (c > ' ' && c < '\x7f' && c != '%') {
            out += c;
            continue;
        }
        auto const octet = static_cast<unsigned char>(c);
        out += '%';
        out += upper_digits[octet >> 4];
        out += upper_digits[octet & 15];
    }
    return out;
}

std::optional<std::string> unescaped(std::string_view field)
{
    if (field == "-") return std::string{};
    std::string out;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] != '%') {
            out += field[i];
            continue;
        }
        auto const octet = signing::bytes_of_hex(field.substr(i + 1, 2));
        if (octet.size() != 1) return std::nullopt;
        out += octet;
        i += 2;
    }
    return out;
}

// As many fields as there are places, one blank between two; false where it is another number.
template <std::size_t places>
bool split(std::string_view text, std::array<std::string_view, places>& fields)
{
    for (std::size_t i = 0; i < places; ++i) {
        auto const end = text.find(' ');
        if ((end == std::string_view::npos) != (i + 1 == places)) return false;
        fields[i] = text.substr(0, end);
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    return true;
}

std::string begun(std::string_view kind, StatementLine const& line, std::string const& content)
{
    return fmt::format("{} {} {} {} {}", kind, line.index, detail::time_text(time_of(line.entry)), content, escaped(line.idempotency_key));
}

std::string laid_out(StatementLine const& line)
{
    if (auto const* accepted = std::get_if<Accepted>(&line.entry))
        return begun("accepted", line, signing::hex(accepted->content_sha256)) +
               fmt::format(" {} {} {}\n", accepted->dossier_id, escaped(accepted->case_code), signing::hex(accepted->receipt_sha256));
    auto const& refused = std::get<Refused>(line.entry);
    return begun("refused", line, refused.content_sha256 ? signing::hex(*refused.content_sha256) : "-") + fmt::format(" {}\n", escaped(refused.fault_id));
}

// Fields as they stand there; nothing where they are none.
std::optional<StatementLine> fields_of(std::string_view text, std::string_view provider)
{
    bool const accepted = text.starts_with("accepted ");
    std::array<std::string_view, 8> fields{};
    if (accepted) {
        if (!split(text, fields)) return std::nullopt;
    } else {
        std::array<std::string_view, 6> fewer{};
        if (!text.starts_with("refused ") || !split(text, fewer)) return std::nullopt;
        std::copy(fewer.begin(), fewer.end(), fields.begin());
    }
    auto const index = detail::number<std::uint64_t>(fields[1]);
    auto const at = detail::time<Microseconds>(fields[2]);
    auto const content = detail::hash(fields[3]);
    auto key = unescaped(fields[4]);
    if (!index || !at || !key || (!content && fields[3] != "-")) return std::nullopt;
    if (!accepted) {
        auto fault = unescaped(fields[5]);
        if (!fault) return std::nullopt;
        return StatementLine{*index, std::move(*key), Refused{std::move(*fault), content, std::string{provider}, *at}};
    }
    auto code = unescaped(fields[6]);
    auto const receipt = detail::hash(fields[7]);
    if (!content || !code || !receipt) return std::nullopt;
    return StatementLine{*index, std::move(*key), Accepted{std::string{fields[5]}, std::move(*code), *content, *receipt, *at, std::string{provider}}};
}

}  // namespace

std::uint64_t Statement::refused_count() const
{
    return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0}, [](auto sum, auto const& one) { return sum + one.second; });
}

Result<std::string> canonical_statement(Statement const& statement)
{
    if (auto const* trouble = trouble_of(statement)) return Failure{Refusal::field_wrong, trouble};
    return written(statement);
}

Result<Statement> read_statement(std::string_view text)
{
    Failure const other{Refusal::bytes_wrong, "not a statement of version 1"};
    if (text.size() > statement_bytes_max || !text.starts_with(title)) return other;
    auto rest = text.substr(title.size());
    if (!rest.starts_with('\n')) return other;
    rest.remove_prefix(1);

    using detail::line;
    auto const log = line(rest, "log"), provider = line(rest, "provider"), day = line(rest, "day"), state = line(rest, "state");
    auto const from = line(rest, "from"), size = line(rest, "size"), root = line(rest, "root");
    auto const accepted = line(rest, "accepted"), refused = line(rest, "refused");
    if (!log || !provider || !day || !state || !from || !size || !root || !accepted || !refused) return other;
    Statement statement;
    while (auto const code = line(rest, "code")) {
        auto const blank = code->find(' ');
        if (blank == std::string_view::npos) return other;
        auto const count = detail::number<std::uint64_t>(code->substr(blank + 1));
        if (!count || statement.refused.size() == statement_codes_max) return other;
        statement.refused.emplace(code->substr(0, blank), *count);
    }
    auto const entries = line(rest, "entries"), at = line(rest, "time"), key = line(rest, "key");
    if (!entries || !at || !key) return other;

    auto const civil_day = detail::day(*day);
    auto const begin = detail::number<std::uint64_t>(*from), leaves = detail::number<std::uint64_t>(*size);
    auto const count = detail::number<std::uint64_t>(*accepted);
    auto const root_hash = detail::hash(*root), list = detail::hash(*entries), key_id = detail::hash(*key);
    auto const when = detail::time<Milliseconds>(*at);
    if (!civil_day || !begin || !leaves || !count || !root_hash || !list || !key_id || !when) return other;
    statement.log = *log;
    statement.provider = *provider;
    statement.day = *civil_day;
    statement.closed = *state == "closed";
    statement.from = *begin;
    statement.size = *leaves;
    statement.root = *root_hash;
    statement.accepted = *count;
    statement.entries = *list;
    statement.at = *when;
    statement.key_id = *key_id;
    if (auto const* trouble = trouble_of(statement)) return Failure{Refusal::field_wrong, trouble};
    if (written(statement) != text) return other;
    return statement;
}

Result<std::string> written_line(StatementLine const& line)
{
    if (auto const octets = bytes_of(line.entry); !octets) return octets.error();
    if (line.index >= size_max) return Failure{Refusal::field_wrong, "a place behind the largest log"};
    if (line.idempotency_key.size() > idempotency_key_bytes_max) return Failure{Refusal::field_wrong, "the idempotency key is too long"};
    if (!detail::time_ok(time_of(line.entry))) return Failure{Refusal::field_wrong, "a time outside 1970 to 9999"};
    return laid_out(line);
}

Result<StatementLine> read_line(std::string_view text, std::string_view provider)
{
    Failure const other{Refusal::bytes_wrong, "not a line of a statement of version 1"};
    if (text.size() > statement_line_bytes_max) return other;
    auto line = fields_of(text, provider);
    if (!line) return other;
    auto const canonical = written_line(*line);
    if (!canonical) return canonical.error();
    if (std::string_view{*canonical}.substr(0, canonical->size() - 1) != text) return other;
    return std::move(*line);
}

Time time_of(Entry const& entry)
{
    if (auto const* accepted = std::get_if<Accepted>(&entry)) return accepted->received_at;
    return std::get<Refused>(entry).at;
}

std::chrono::sys_days vietnam_day_of(Time at) { return std::chrono::floor<std::chrono::days>(at + 7h); }

bool belongs(StatementLine const& line, std::chrono::sys_days day, std::uint64_t from, std::uint64_t size)
{
    auto const filed = vietnam_day_of(time_of(line.entry));
    return line.index < size && (filed == day || (filed < day && line.index >= from));
}

void StatementTally::add(StatementLine const& line, std::string_view written)
{
    if (auto const* refused = std::get_if<Refused>(&line.entry)) ++refused_[refused->fault_id];
    else ++accepted_;
    hash_.add(written);
}

void StatementTally::finish(Statement& statement)
{
    statement.accepted = std::exchange(accepted_, 0);
    statement.refused = std::exchange(refused_, {});
    statement.entries = hash_.finish();
}

}  // namespace ledger
