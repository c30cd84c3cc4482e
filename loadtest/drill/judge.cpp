#include "loadtest/drill/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace loadtest::drill
{

namespace
{

constexpr std::size_t words_max = 20;

class Count {
public:
    explicit Count(Verdict& verdict) : verdict_{verdict} {}
    void operator()(std::uint64_t Verdict::*which, std::string what)
    {
        ++(verdict_.*which);
        if (verdict_.words.size() < words_max) verdict_.words.push_back(std::move(what));
    }

private:
    Verdict& verdict_;
};

// "00042.G/2026/00108": 42 and ".G/2026/00108". Nothing for codes of another form.
struct Numbered {
    std::uint64_t number = 0;
    std::string counter;
};
std::optional<Numbered> numbered(std::string const& code)
{
    Numbered out;
    auto const [end, ec] = std::from_chars(code.data(), code.data() + code.size(), out.number);
    if (ec != std::errc{} || end == code.data() + code.size() || *end != '.') return std::nullopt;
    out.counter.assign(end, code.data() + code.size());
    return out;
}

void look_at_rows(std::vector<Row> const& rows, Verdict& verdict, Count& count)
{
    std::unordered_set<std::string> keys, contents, codes, ids;
    std::map<std::string, std::vector<std::uint64_t>> numbers;
    for (auto const& row : rows) {
        if (!keys.insert(row.key).second) count(&Verdict::doubled, "two rows under one key: " + row.key);
        else if (!contents.insert(row.content_sha256).second) count(&Verdict::doubled, "one content in two rows: " + row.content_sha256);
        if (!codes.insert(row.case_code).second) count(&Verdict::doubled, "one case code twice: " + row.case_code);
        if (!ids.insert(row.dossier_id).second) count(&Verdict::doubled, "one id twice: " + row.dossier_id);
        if (row.body_sha256 != row.content_sha256) count(&Verdict::differences, "the stored bytes are others: " + row.case_code);
        if (!row.trouble.empty()) count(&Verdict::differences, row.case_code + ": " + row.trouble);
        if (auto const n = numbered(row.case_code)) numbers[n->counter].push_back(n->number);
    }
    for (auto& [counter, given] : numbers) {
        std::sort(given.begin(), given.end());
        std::uint64_t next = 1;
        for (auto const number : given) {
            if (number > next) {
                verdict.gaps += number - next - 1;
                count(&Verdict::gaps, fmt::format("numbers {} to {} of {} are nobody's", next, number - 1, counter));
            }
            next = number + 1;
        }
    }
    verdict.stored = rows.size();
}

void look_at_ledger(std::vector<Entry> const& ledger, std::vector<Row> const& rows, Verdict& verdict, Count& count)
{
    std::unordered_map<std::string, Row const*> by_key;
    for (auto const& row : rows) by_key.emplace(row.key, &row);
    std::unordered_set<std::string> keys;
    for (auto const& entry : ledger) {
        if (!keys.insert(entry.key).second) {
            count(&Verdict::doubled, "two receipts for one key: " + entry.key);
            continue;
        }
        auto const found = by_key.find(entry.key);
        if (found == by_key.end()) {
            count(&Verdict::lost, "a receipt without a row: " + entry.key + " " + entry.case_code);
            continue;
        }
        auto const& row = *found->second;
        if (row.content_sha256 != entry.content_sha256 || row.dossier_id != entry.dossier_id || row.case_code != entry.case_code)
            count(&Verdict::differences, fmt::format("{}: receipted {} {}, stored {} {}", entry.key, entry.case_code, entry.dossier_id, row.case_code, row.dossier_id));
        if ((entry.xml ? row.receipt_xml_sha256 : row.receipt_json_sha256) != entry.receipt_sha256)
            count(&Verdict::differences, entry.key + ": the stored receipt is not the one that was given");
    }
    for (auto const& row : rows)
        if (!keys.contains(row.key)) count(&Verdict::unheard, "stored, and nobody has the receipt: " + row.key + " " + row.case_code);
    verdict.accepted = keys.size();
}

void look_at_record(std::vector<Row> const& rows, std::vector<Taken> const& record, Verdict& verdict, Count& count)
{
    std::unordered_map<std::string, Row const*> by_id;
    for (auto const& row : rows) by_id.emplace(row.dossier_id, &row);
    std::unordered_set<std::string> ids, contents, refused;
    std::map<std::string, std::uint64_t> last; // by unit and counter
    for (auto const& taken : record) {
        if (taken.as == Taken::As::overlap) {
            count(&Verdict::overlaps, fmt::format("unit {}: {} came while another was under way", taken.unit_code, taken.case_code));
            continue;
        }
        ++verdict.handed_over;
        auto const found = by_id.find(taken.dossier_id);
        if (found == by_id.end() || found->second->content_sha256 != taken.content_sha256 || found->second->case_code != taken.case_code)
            count(&Verdict::differences, fmt::format("the backend got {} as {}, which is not what is stored", taken.case_code, taken.dossier_id));
        if (taken.as == Taken::As::again) continue;
        if (taken.as == Taken::As::refused) {
            refused.insert(taken.dossier_id);
            continue;
        }
        if (!ids.insert(taken.dossier_id).second || !contents.insert(taken.content_sha256).second)
            count(&Verdict::doubled, "the backend took one dossier twice: " + taken.case_code);
        if (refused.contains(taken.dossier_id)) {
            ++verdict.set_apart;
            continue;
        }
        if (auto const n = numbered(taken.case_code)) {
            auto& before = last[taken.agency + "/" + taken.unit_code + n->counter];
            if (n->number <= before) count(&Verdict::disorder, fmt::format("unit {}: {} came after number {}", taken.unit_code, taken.case_code, before));
            before = std::max(before, n->number);
        }
    }
    verdict.delivered = ids.size();
    for (auto const& row : rows)
        if (!ids.contains(row.dossier_id)) count(&Verdict::lost, "the backend never got " + row.case_code);
}

std::optional<double> recovered_after(std::vector<Entry> const& ledger, std::vector<Fault> const& faults)
{
    std::set<runtime::Instant> receipts;
    for (auto const& entry : ledger) receipts.insert(entry.at);
    std::optional<double> longest;
    for (auto const& fault : faults) {
        auto const next = receipts.lower_bound(fault.to);
        if (next == receipts.end()) continue; // it was the end of the load
        auto const took = std::chrono::duration<double>(*next - fault.to).count();
        longest = std::max(longest.value_or(0), took);
    }
    return longest;
}

} // namespace

bool Verdict::good() const
{
    return lost + doubled + differences + unheard + gaps + disorder + overlaps == 0 && accepted > 0 && accepted == stored && stored == delivered;
}

Verdict judge(std::vector<Entry> const& ledger, std::vector<Row> const& rows, std::vector<Taken> const& record, std::vector<Fault> const& faults)
{
    Verdict verdict;
    Count count{verdict};
    look_at_rows(rows, verdict, count);
    look_at_ledger(ledger, rows, verdict, count);
    look_at_record(rows, record, verdict, count);
    verdict.recover_s = recovered_after(ledger, faults);
    return verdict;
}

} // namespace loadtest::drill
