#include "gateway/store/detail/case_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace store::detail {

CaseNumber CaseNumbers::of(std::string_view agency, runtime::Instant received_at, std::string_view case_code) const
{
    auto const day = runtime::vietnam_day(received_at);
    for (auto const& form : forms_)
        if (auto const number = dossier::number_in(form, agency, day, case_code)) return {dossier::counter_of(form, agency, day), "", number, &form, day};
    CaseNumber unread{dossier::counter_of({.pattern = "{year}", .from = {}}, agency, day)};
    unread.by_day = dossier::counter_of({.pattern = "{yymmdd}", .from = {}}, agency, day);
    return unread;
}

void CaseNumbers::counter(std::string name, std::uint64_t last) { counters_[std::move(name)].last = last; }

void CaseNumbers::add(CaseNumber const& code)
{
    auto const by_day = counters_.find(code.by_day);
    auto& counter = by_day == counters_.end() ? counters_[code.counter] : by_day->second;
    ++counter.codes;
    if (!code.number || *code.number > case_numbers_max) {
        ++counter.unread;
        return;
    }
    auto const number = static_cast<std::size_t>(*code.number);
    if (counter.seen.size() <= number) counter.seen.resize(std::max(number + 1, counter.seen.size() * 2));
    if (counter.seen[number]) ++counter.twice;
    counter.seen[number] = true;
    counter.lowest = counter.highest == 0 ? *code.number : std::min(counter.lowest, *code.number);
    if (*code.number < counter.highest) return;
    counter.highest = *code.number;
    counter.newest = code;
}

std::optional<CaseNumbers::Disagreement> CaseNumbers::judge(std::string const& name, Counter const& counter, bool whole) const
{
    if (!whole && (counter.codes == 0 || counter.unread > 0)) return std::nullopt;
    auto const last = counter.last.value_or(0);
    auto const first = whole ? 1 : counter.lowest;
    auto const given = last < first ? 0 : last - first + 1;
    if (given == counter.codes && (counter.unread > 0 || (counter.twice == 0 && counter.highest == last))) return std::nullopt;

    Disagreement out;
    out.detail = counter.last ? fmt::format("{} stands at {}", name, last) : fmt::format("{} is not there", name);
    out.detail += fmt::format(", and {} codes are there{}", counter.codes, whole ? "" : fmt::format(" from {} on", first));
    if (counter.unread > 0) return out;
    auto const there = [&](std::uint64_t number) { return number < counter.seen.size() && counter.seen[static_cast<std::size_t>(number)]; };
    std::size_t runs = 0;
    for (auto from = first; from <= last; ++from) {
        if (there(from)) continue;
        auto to = from > counter.highest ? last : from;
        while (to < last && !there(to + 1)) ++to;
        if (runs++ == case_numbers_named_max) {
            out.detail += ", …";
            break;
        }
        out.detail += fmt::format("{} {}{}", runs == 1 ? "; no dossier has the number" : ",", from, to == from ? "" : fmt::format(" to {}", to));
        if (runs == 1 && counter.newest.form != nullptr)
            out.first_missing = dossier::format_case_code(*counter.newest.form, name.substr(0, name.rfind('/')), counter.newest.day, from);
        from = to;
    }
    if (counter.highest > last) out.detail += fmt::format("; numbers up to {} were given", counter.highest);
    if (counter.twice > 0) out.detail += fmt::format("; {} were given twice", counter.twice);
    return out;
}

std::vector<CaseNumbers::Disagreement> CaseNumbers::disagreements(bool whole) const
{
    std::vector<Disagreement> out;
    for (auto const& [name, counter] : counters_)
        if (auto found = judge(name, counter, whole)) out.push_back(std::move(*found));
    return out;
}

}  // namespace store::detail
