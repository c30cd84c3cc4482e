#include "gateway/store/statement.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/store/pg_statement.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace store {
namespace {

constexpr std::chrono::minutes patience{10};  // of a command, for a whole day

std::optional<std::int64_t> number(std::string_view digits)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    bool const ok = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty() && digits.front() != '-';
    return ok ? std::optional{value} : std::nullopt;
}

template <class T>
T need(Result<T> result)
{
    if (!result) throw std::runtime_error("statement: " + std::string{name_of(result.error().why)} + ": " + result.error().detail);
    return std::move(*result);
}

}  // namespace

std::string text_of(StatementPlace const& place)
{
    if (!place.refusals) return "a-" + place.dossier_id;
    return fmt::format("r-{}-{}-{}", signing::hex(place.content_sha256), place.at, place.number);
}

std::optional<StatementPlace> place_from(std::string_view text)
{
    StatementPlace place;
    if (text.empty()) return place;
    if (text.starts_with("a-") && (dossier::id_ok(text.substr(2)) || text.substr(2) == place.dossier_id)) {
        place.dossier_id = text.substr(2);
        return place;
    }
    if (!text.starts_with("r-")) return std::nullopt;
    text.remove_prefix(2);
    auto const first = text.find('-'), second = text.find('-', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    auto const at = number(text.substr(first + 1, second - first - 1)), count = number(text.substr(second + 1));
    place.refusals = true;
    place.content_sha256 = signing::bytes_of_hex(text.substr(0, first));
    if (!at || !count || 2 * place.content_sha256.size() != first || (first != 0 && first != 64)) return std::nullopt;
    place.at = *at;
    place.number = *count;
    return text_of(place).substr(2) == text ? std::optional{place} : std::nullopt;
}

SignedStatement read_statement(std::string const& database_url, StatementAsked const& asked, StatementSigner const& signer,
                               std::function<void(SignedStatement const&)> const& begin, std::function<void(std::string_view line)> const& line)
{
    StatementConfig const config;
    try {
        detail::PgConnection connection{database_url, std::chrono::seconds{5}, std::chrono::minutes{5}};
        detail::StatementReader reader{connection, config};
        auto cut = need(reader.cut(asked.day, asked.now));
        auto made = reader.kept(asked.provider, asked.day);
        if (!made) {
            auto summary = need(reader.summary(asked.log, asked.provider, cut, asked.now, runtime::Deadline::after(patience)));
            made = signer ? signer(std::move(summary)) : SignedStatement{summary, ledger::canonical_statement(summary).value(), ""};
            if (made->statement.closed && signer) made = reader.keep(std::move(*made));
        }
        cut.size = made->statement.size;
        cut.from = made->statement.from;
        begin(*made);
        StatementPlace place;
        while (line && need(reader.lines(asked.provider, cut, place, [&](auto const&, auto const& written) { line(written); }))) {}
        return std::move(*made);
    } catch (detail::PgError const& error) {
        throw std::runtime_error(std::string{"statement: "} + error.what());
    }
}

}  // namespace store
