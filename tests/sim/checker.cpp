#include "tests/sim/checker.hpp"

#include "tests/sim/office.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace sim {

namespace json = boost::json;

namespace {

// As the sender reads it in the signed receipt.
std::optional<std::uint64_t> place_in(std::string const& receipt_xml)
{
    constexpr std::string_view open = "<ViTriNhatKy>";
    auto const at = receipt_xml.find(open);
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t place = 0;
    auto const* const begin = receipt_xml.data() + at + open.size();
    auto const [end, error] = std::from_chars(begin, receipt_xml.data() + receipt_xml.size(), place);
    if (error != std::errc{} || *end != '<') return std::nullopt;
    return place;
}

json::object object_of(std::string const& body)
{
    boost::system::error_code error;
    auto const value = json::parse(body, error);
    return !error && value.is_object() ? value.get_object() : json::object{};
}
json::object object_in(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    return value && value->is_object() ? value->get_object() : json::object{};
}
std::string text_of(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

}  // namespace

void Checker::violate(int promise, std::string what)
{
    if (!violation_) violation_ = Violation{promise, std::move(what)};
}

std::int64_t Checker::number_of(std::string const& provider, std::string const& key) const
{
    auto const found = numbers_.find({provider, key});
    return found == numbers_.end() ? -1 : found->second;
}

std::int64_t Checker::filing_of(std::string const& dossier_id)
{
    read_lines();
    auto const found = entry_of_.find(dossier_id);
    if (found == entry_of_.end()) return -1;
    auto const& entry = store_.entries()[found->second];
    return number_of(entry.row.facts.provider_code, entry.row.idempotency_key);
}

void Checker::filed(Filing const& filing)
{
    numbers_.emplace(Key{filing.provider_code, filing.key}, static_cast<std::int64_t>(filing.number));
}

void Checker::answered(Filing const& filing, intake::Reply const& reply, std::string const& trace_id)
{
    auto const who = "filing " + std::to_string(filing.number);
    bool const acknowledged = reply.status == 200 || reply.status == 201;
    if (!acknowledged) return refused_rightly(filing, reply, trace_id);
    if (filing.forged) return violate(3, who + " is forged and got a receipt");
    if (filing.used_key) return violate(2, who + " has other bytes than its key stands for and got a receipt");
    if (filing.corrects_nothing) return violate(2, who + " corrects what is not there and got a receipt");

    auto const found = store_.find(filing.provider_code, filing.key, filing.content_sha256);
    if (!found || !*found) return violate(1, who + " got a receipt, and no row is there");
    auto const& stored = **found;
    auto const known = receipts_.try_emplace(
        {filing.provider_code, filing.key},
        Receipt{stored.dossier_id, stored.case_code, filing.content_sha256, filing.xml ? reply.body : stored.receipt.xml, filing.xml ? stored.receipt.json : reply.body,
                filing.number}).first;
    auto const& receipt = known->second;
    if (reply.body != (filing.xml ? receipt.xml : receipt.json)) return violate(2, who + " got a receipt that differs from its first");
    if (stored.receipt.xml != receipt.xml || stored.receipt.json != receipt.json)
        return violate(2, who + " got another receipt than the one that is stored");
    if (stored.case_code != receipt.case_code || stored.case_code.empty()) violate(2, who + " has two case codes");
    place_of_its_own(filing, receipt);
}

void Checker::refused_rightly(Filing const& filing, intake::Reply const& reply, std::string const& trace_id)
{
    auto const who = "filing " + std::to_string(filing.number);
    if (reply.status == 422) {
        if (!store_.refusal_recorded(trace_id)) return violate(4, who + " was refused, and no record of it is there");
        if (!filing.forged && !filing.corrects_nothing) return violate(4, who + " is sound and was refused: " + reply.body);
    }
    if (reply.status != 409) return;
    auto const problem = object_of(reply.body);
    if (text_of(problem, "code") == "GW-4007") return duplicate_of_something(filing, problem);
    if (store_.find(filing.provider_code, filing.key, filing.content_sha256)) violate(2, who + " was refused for its key, which stands for no other bytes");
}

void Checker::duplicate_of_something(Filing const& filing, json::object const& problem)
{
    auto const who = "filing " + std::to_string(filing.number);
    read_lines();
    auto const found = first_of_content_.find({filing.provider_code, filing.content_sha256});
    if (found == first_of_content_.end()) return violate(2, who + " was refused as a duplicate of what is not there");
    auto const& entry = store_.entries()[found->second];
    auto const original = object_in(problem, "original");
    if (text_of(original, "dossier_id") != entry.stored.dossier_id || text_of(original, "case_code") != entry.stored.case_code)
        return violate(2, who + " was refused as a duplicate, and the answer names another dossier than the original");
    if (entry.row.idempotency_key == filing.key) violate(2, who + " was refused as a duplicate of itself");
    if (!filing.corrects.empty()) violate(2, who + " is a correction and was refused as a duplicate");
}

bool Checker::content_refused(Filing const& filing) const
{
    auto const& refusals = store_.refusals();
    return std::any_of(refusals.begin(), refusals.end(), [&](auto const& one) {
        return one.provider == filing.provider_code && one.content_sha256 == filing.content_sha256;
    });
}

Checker::Question Checker::asked(Filing const& filing)
{
    read_lines();
    Question question{{}, content_refused(filing), store_.starts()};
    auto const found = first_of_content_.find({filing.provider_code, filing.content_sha256});
    if (found != first_of_content_.end()) question.dossier_id = store_.entries()[found->second].stored.dossier_id;
    return question;
}

void Checker::told(Filing const& filing, Question const& question, intake::Reply const& reply)
{
    // Where a planted bug lets a crash take acceptances, what was there before says nothing.
    if (question.starts != store_.starts() || (reply.status != 200 && reply.status != 404)) return;
    auto const who = "filing " + std::to_string(filing.number);
    auto const body = object_of(reply.body);
    auto const dossier = object_in(body, "dossier");
    auto const id = text_of(dossier, "dossier_id");
    if (id.empty() && !question.dossier_id.empty()) return violate(2, who + " is stored, and a question by its hash does not find it");
    if (id.empty()) {
        bool const refused = reply.status == 200;
        if (refused && !content_refused(filing)) violate(4, who + " is said to be refused, and no record of it is there");
        if (!refused && question.refused) violate(4, who + " was refused, and a question by its hash does not find it");
        return;
    }
    if (filing.forged) return violate(3, who + " is forged, and a question by its hash says that it is accepted");
    read_lines();
    auto const found = first_of_content_.find({filing.provider_code, filing.content_sha256});
    if (found == first_of_content_.end()) return violate(1, who + " is said to be accepted, and no row is there");
    auto const& entry = store_.entries()[found->second];
    auto const& stored = entry.stored;
    bool const same = id == stored.dossier_id && text_of(dossier, "case_code") == stored.case_code &&
                      text_of(dossier, "content_sha256") == filing.content_sha256 && text_of(dossier, "idempotency_key") == entry.row.idempotency_key;
    if (!same) return violate(2, who + " was asked for by its hash, and another dossier was found than is stored");
    receipts_.try_emplace({filing.provider_code, entry.row.idempotency_key},
                          Receipt{stored.dossier_id, stored.case_code, filing.content_sha256, stored.receipt.xml, stored.receipt.json, filing.number});
}

void Checker::place_of_its_own(Filing const& filing, Receipt const& receipt)
{
    auto const who = "filing " + std::to_string(filing.number);
    auto const place = place_in(receipt.xml);
    if (!place) return violate(8, who + " has a receipt that names no place in the log");
    auto const [taken, first] = places_.try_emplace(*place, filing.number);
    if (!first && taken->second != filing.number)
        violate(8, who + " has place " + std::to_string(*place) + " in the log, which is that of filing " + std::to_string(taken->second));
}

void Checker::heard(Filing const& filing, int status)
{
    auto const who = "filing " + std::to_string(filing.number);
    // A forged one may come late, when its key stands for the corrected one already.
    bool const yes = status == 200 || status == 201;
    bool expected = yes;
    if (filing.forged) expected = status == 422 || status == 409;
    else if (filing.corrects_nothing) expected = status == 422;
    else if (filing.used_key || (filing.sent_before && filing.corrects.empty())) expected = status == 409;
    else if (filing.raced) expected = yes || status == 409;
    if (!expected) violate(2, who + " was answered " + std::to_string(status));
}

Checker::Attempt::Attempt(Checker& checker, std::string unit, std::string worker)
    : checker_{checker}, unit_{std::move(unit)}, worker_{std::move(worker)}
{
    auto& others = checker_.under_way_[unit_];
    auto const entitled = [&](std::string const& one) { return one == worker_ || one == checker_.store_.holder(); };
    auto const other = std::find_if(others.begin(), others.end(), entitled);
    if (other != others.end()) checker_.violate(5, "two deliveries of unit " + unit_ + " are under way at once: " + *other + " and " + worker_);
    others.push_back(worker_);
}

Checker::Attempt::~Attempt()
{
    auto& others = checker_.under_way_[unit_];
    others.erase(std::find(others.begin(), others.end(), worker_));
}

// What was accepted since we last looked, into the line of its unit.
void Checker::read_lines()
{
    auto const& entries = store_.entries();
    if (starts_read_ != store_.starts() || lines_read_ > entries.size()) {
        // Where a planted bug lets a crash take acceptances, the lines are read again.
        starts_read_ = store_.starts();
        lines_.clear(), entry_of_.clear(), first_of_content_.clear(), lines_read_ = 0;
    }
    for (; lines_read_ < entries.size(); ++lines_read_) {
        auto const& entry = entries[lines_read_];
        auto const& facts = entry.row.facts;
        lines_[facts.agency + "/" + facts.unit_code].dossiers.push_back(entry.stored.dossier_id);
        entry_of_[entry.stored.dossier_id] = lines_read_;
        auto const [original, first] = first_of_content_.try_emplace({facts.provider_code, facts.content_sha256}, lines_read_);
        if (!first && entry.row.corrects.empty())
            violate(2, "filing " + std::to_string(number_of(facts.provider_code, entry.row.idempotency_key)) + " has the bytes of filing " +
                           std::to_string(number_of(facts.provider_code, store_.entries()[original->second].row.idempotency_key)) +
                           ", and both were accepted");
    }
}

void Checker::took(std::string const& dossier_id, std::string const& case_code, std::string_view body)
{
    auto const [known, first] = taken_.try_emplace(dossier_id, case_code);
    if (known->second != case_code) return violate(2, "the backend got one dossier under two case codes");
    if (!first) return;

    read_lines();
    auto const found = entry_of_.find(dossier_id);
    if (found == entry_of_.end()) return violate(5, "the backend got a dossier that nobody accepted");
    auto const& entry = store_.entries()[found->second];
    auto const& facts = entry.row.facts;
    auto const number = number_of(facts.provider_code, entry.row.idempotency_key);
    if (entry.stored.case_code != case_code) return violate(2, "the backend got filing " + std::to_string(number) + " under another case code");
    if (signing::hex(signing::sha256(body)) != facts.content_sha256)
        return violate(3, "the backend got other bytes than filing " + std::to_string(number) + " has");

    if (excused_.contains(dossier_id)) return;  // replayed, to the end of the line
    auto& line = lines_.at(facts.agency + "/" + facts.unit_code);
    auto const open = [&](std::string const& id) { return !taken_.contains(id) && !excused_.contains(id); };
    for (std::size_t i = line.first_open; i < line.dossiers.size() && line.dossiers[i] != dossier_id; ++i) {
        if (!open(line.dossiers[i])) continue;
        auto const& earlier = store_.entries()[entry_of_.at(line.dossiers[i])];
        return violate(5, "the backend got filing " + std::to_string(number) + " before filing " +
                              std::to_string(number_of(earlier.row.facts.provider_code, earlier.row.idempotency_key)) +
                              " of the same unit, which was accepted earlier");
    }
    while (line.first_open < line.dossiers.size() && !open(line.dossiers[line.first_open])) ++line.first_open;
}

void Checker::published() { heads_.push_back(store_.log().head()); }

void Checker::crashed() { still_there(); }

void Checker::still_there()
{
    for (auto const& [key, receipt] : receipts_) {
        auto const found = store_.find(key.first, key.second, receipt.content_sha256);
        if (!found || !*found) return violate(1, "filing " + std::to_string(receipt.filing) + " has a receipt, and its row is gone");
        if ((**found).receipt.json != receipt.json || (**found).receipt.xml != receipt.xml)
            return violate(2, "the stored receipt of filing " + std::to_string(receipt.filing) + " has changed");
    }
}

void Checker::closed()
{
    still_there();
    read_lines();
    codes_without_gaps();
    everything_delivered();
    log_holds();
}

void Checker::codes_without_gaps()
{
    std::map<std::string, std::set<std::uint64_t>> numbers;  // by what follows the number
    std::set<std::pair<std::string, std::string>> keys;
    for (auto const& entry : store_.entries()) {
        auto const& code = entry.stored.case_code;
        std::uint64_t number = 0;
        auto const [end, error] = std::from_chars(code.data(), code.data() + code.size(), number);
        if (error != std::errc{}) return violate(2, "a case code without a number: " + code);
        if (!numbers[std::string{end, code.data() + code.size()}].insert(number).second) return violate(2, "case code " + code + " was given twice");
        if (!keys.emplace(entry.row.facts.provider_code, entry.row.idempotency_key).second)
            return violate(2, "two rows of one key: " + entry.row.idempotency_key);
    }
    for (auto const& [counter, given] : numbers)
        if (*given.begin() != 1 || *given.rbegin() != given.size())
            return violate(2, "case codes of …" + counter + " have a gap: " + std::to_string(given.size()) + " given, the last is " +
                                  std::to_string(*given.rbegin()));
}

void Checker::everything_delivered()
{
    for (auto const& entry : store_.entries())
        if (!taken_.contains(entry.stored.dossier_id))
            return violate(5, "filing " + std::to_string(number_of(entry.row.facts.provider_code, entry.row.idempotency_key)) +
                                  " was accepted and never reached the backend");
}

void Checker::log_holds()
{
    published();
    read_lines();
    for (std::size_t i = 1; i < heads_.size(); ++i) {
        auto const &from = heads_[i - 1], &to = heads_[i];
        if (from.size == 0) continue;
        if (from.size > to.size) return violate(8, "the log became shorter");
        auto const proof = ledger::prove_consistency(store_.log(), from.size, to.size);
        if (!proof || !ledger::verify_consistency({from.size, to.size, from.root, to.root}, *proof))
            return violate(8, "the log of " + std::to_string(from.size) + " entries is not the beginning of that of " + std::to_string(to.size));
    }
    auto const& head = heads_.back();
    for (auto const& [key, receipt] : receipts_) {
        auto const found = entry_of_.find(receipt.dossier_id);
        if (found == entry_of_.end()) return violate(8, "filing " + std::to_string(receipt.filing) + " has a receipt and no row");
        auto const& facts = store_.entries()[found->second].row.facts;
        // As its sender would: from the receipt in hand.
        auto const bytes = ledger::bytes_of(log_entry({receipt.dossier_id, receipt.case_code, {receipt.xml, receipt.json}, false}, facts));
        auto const index = place_in(receipt.xml).value_or(head.size);
        auto const proof = ledger::prove_inclusion(store_.log(), index, head.size);
        if (!bytes || !proof || !ledger::verify_inclusion({index, head.size, ledger::leaf_hash(*bytes), head.root}, *proof))
            return violate(8, "filing " + std::to_string(receipt.filing) + " has a receipt and is not where it says in the log");
    }
    places_without_gaps();
}

// Also of those whose answer never came: accepted in rising order, and with the refused ones every place of the log is taken.
void Checker::places_without_gaps()
{
    auto const size = store_.log().size();
    std::vector<bool> taken(size, false);
    auto const take = [&](std::uint64_t place, std::string const& whose) {
        if (place >= size) return violate(8, whose + " stands behind the log's end");
        if (taken[place]) return violate(8, "place " + std::to_string(place) + " in the log was given twice, also to " + whose);
        taken[place] = true;
    };
    std::uint64_t least = 0;
    for (auto const& entry : store_.entries()) {
        auto const whose = "filing " + std::to_string(number_of(entry.row.facts.provider_code, entry.row.idempotency_key));
        if (place_in(entry.stored.receipt.xml) != entry.log_index) violate(8, whose + " has another place in its row than in its receipt");
        if (entry.log_index < least) violate(8, whose + " was accepted later and stands earlier in the log");
        least = entry.log_index + 1;
        take(entry.log_index, whose);
    }
    for (auto const place : store_.refusal_places()) take(place, "a refusal");
    if (auto const gap = std::find(taken.begin(), taken.end(), false); gap != taken.end())
        violate(8, "place " + std::to_string(gap - taken.begin()) + " in the log is nobody's");
}

}  // namespace sim
