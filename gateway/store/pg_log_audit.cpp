#include "gateway/store/log_audit.hpp"

#include "gateway/dossier/receipt_reader.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/ledger/head.hpp"
#include "gateway/ledger/statement.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/in_order.hpp"
#include "gateway/store/detail/log_writer.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/detail/row_check.hpp"
#include "signing/certificate.hpp"
#include "signing/signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace store {
namespace {

using namespace detail;
using ledger::Hash;

constexpr std::int64_t groups_at_once = 256;
constexpr std::size_t companions_at_once = 2000;

constexpr Statement groups_statement{
    "audit_groups", "SELECT first_index, count, hashes, frontier FROM ivan.log_groups WHERE first_index >= $1::bigint ORDER BY first_index LIMIT $2::bigint"};
constexpr Statement before_statement{
    "audit_before", "SELECT first_index, count, hashes, frontier FROM ivan.log_groups WHERE first_index <= $1::bigint ORDER BY first_index DESC LIMIT 2"};
constexpr Statement nodes_statement{
    "audit_nodes", "SELECT w.l, w.i, n.hash FROM unnest($1::bigint[], $2::bigint[]) AS w(l, i) LEFT JOIN ivan.log_nodes n ON n.level = w.l AND n.index = w.i"};
constexpr Statement nodes_count_statement{"audit_nodes_count", "SELECT count(*) FROM ivan.log_nodes"};
constexpr Statement heads_statement{"audit_heads", "SELECT head_id, size, key_id, text, signature FROM ivan.log_heads ORDER BY size, head_id"};
constexpr Statement statements_statement{
    "audit_statements", "SELECT day::text, provider, size, key_id, text, signature FROM ivan.statements ORDER BY day, provider"};
constexpr Statement counters_statement{"audit_counters", "SELECT counter, last FROM ivan.case_counters"};
constexpr Statement begin_statement{"audit_begin", "SELECT max(at), sum(dossiers)::bigint FROM ivan.log_begin"};
constexpr Statement orphans_statement{
    "audit_orphans", "SELECT s.dossier_id::text, s.case_code FROM ivan.dossier_status s WHERE NOT EXISTS (SELECT FROM ivan.dossiers d WHERE "
                     "d.agency = s.agency AND d.received_at = s.received_at AND d.dossier_id = s.dossier_id) LIMIT $1::bigint"};

// Rows that only say again what a dossier says, from end to end; and, where their sum is not the dossiers', by name.
constexpr char const* claims_cursor =
    "DECLARE audit_claims NO SCROLL CURSOR FOR SELECT provider, idempotency_key, content_sha256, dossier_id::text, agency, received_at FROM ivan.idempotency";
constexpr char const* statuses_cursor =
    "DECLARE audit_statuses NO SCROLL CURSOR FOR SELECT dossier_id::text, case_code, provider, agency, procedure, received_at FROM ivan.dossier_status";
constexpr Statement wrong_claims_statement{
    "audit_wrong_claims",
    "SELECT d.log_index, d.dossier_id::text, d.case_code, i.provider IS NULL, d.provider || ' ' || d.idempotency_key FROM ivan.dossiers d "
    "LEFT JOIN ivan.idempotency i ON i.provider = d.provider AND i.idempotency_key = d.idempotency_key "
    "WHERE (d.log_index IS NULL OR d.log_index >= $1::bigint) AND (i.provider IS NULL OR ROW(i.dossier_id, i.content_sha256, i.agency, i.received_at) "
    "IS DISTINCT FROM ROW(d.dossier_id, d.content_sha256, d.agency, d.received_at)) LIMIT $2::bigint"};
constexpr Statement wrong_statuses_statement{
    "audit_wrong_statuses",
    "SELECT d.log_index, d.dossier_id::text, d.case_code, s.dossier_id IS NULL, coalesce(s.case_code, '') FROM ivan.dossiers d "
    "LEFT JOIN ivan.dossier_status s ON s.dossier_id = d.dossier_id "
    "WHERE (d.log_index IS NULL OR d.log_index >= $1::bigint) AND (s.dossier_id IS NULL OR ROW(s.case_code, s.provider, s.agency, s.procedure, s.received_at) "
    "IS DISTINCT FROM ROW(d.case_code, d.provider, d.agency, d.procedure, d.received_at)) LIMIT $2::bigint"};
constexpr Statement idle_claims_statement{
    "audit_idle_claims", "SELECT i.dossier_id::text, i.provider || ' ' || i.idempotency_key FROM ivan.idempotency i LEFT JOIN ivan.dossiers d "
                         "ON d.dossier_id = i.dossier_id WHERE d.dossier_id IS NULL LIMIT $1::bigint"};

// Both from end to end: the session's leaning to indexes (detail/pg_connection.cpp) would have them walked in another order.
constexpr std::array whole_tables{"SET LOCAL enable_seqscan = on", "SET LOCAL enable_indexscan = off", "SET LOCAL enable_bitmapscan = off"};
constexpr std::array indexes_again{"SET LOCAL enable_indexscan = on", "SET LOCAL enable_bitmapscan = on", "SET LOCAL enable_seqscan = off"};

// A group whose leaves do not lead to its frontier: the rows will tell which of the two was changed.
struct BadGroup {
    std::uint64_t first = 0, count = 0;
    ledger::Frontier before;
    std::string stored;
};

// A row whose leaf is not the log's.
struct Odd {
    AuditFinding finding;
    std::optional<Hash> leaf;
    bool told = false;  // the changed field is known
    std::optional<std::uint64_t> signed_place = {};  // its receipt's, where the row's leaf stands there
};

class Audit {
public:
    Audit(std::string const& url, AuditOptions const& options)
        : options_{options}, numbers_{options.case_codes}, check_{options, numbers_}, connection_{url, std::chrono::seconds{10}, std::chrono::minutes{30}}
    {
        for (auto const& pem : options.certificates)
            if (auto const facts = signing::read_certificate(pem)) certificates_[signing::hex(facts->fingerprint)] = pem;
    }

    AuditReport run()
    {
        connection_.run_plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        read_heads();
        read_kept_heads();
        read_statements();
        read_groups();
        read_counters();
        auto const before = found();
        for (auto const* setting : whole_tables) connection_.run_plain(setting);
        each<CheckedDossier>(fmt::format("DECLARE audit_dossiers NO SCROLL CURSOR FOR SELECT {} FROM ivan.dossiers WHERE log_index IS NULL OR log_index >= {}", RowCheck::dossier_columns, begin_), "audit_dossiers",
                             [this](Rows const& rows, std::size_t n) { return check_.dossier(rows, n); }, [this](CheckedDossier& row) { dossier(row); });
        each<CheckedRefusal>(fmt::format("DECLARE audit_refusals NO SCROLL CURSOR FOR SELECT {} FROM ivan.refusals WHERE log_index >= {}", RowCheck::refusal_columns, begin_),
                             "audit_refusals", [this](Rows const& rows, std::size_t n) { return check_.refusal(rows, n); }, [this](CheckedRefusal& row) { refusal(row); });
        read_companions();
        for (auto const* setting : indexes_again) connection_.run_plain(setting);
        judge_groups();
        judge_rows();
        judge_missing();
        judge_unlogged();
        if (found() == before) {  // the dossiers are what they were: else each of them would be told again
            judge_companions();
            judge_counters();
        }
        connection_.run_plain("ROLLBACK");
        return std::move(report_);
    }

private:
    void find(AuditFinding finding)
    {
        if (report_.findings.size() < options_.findings_max) report_.findings.push_back(std::move(finding));
        else ++report_.findings_left_out;
    }

    [[nodiscard]] std::uint64_t found() const noexcept { return report_.findings.size() + report_.findings_left_out; }

    // What was signed for a size and a root: a head, or a statement.
    struct Promise {
        std::string what, name;
        Hash root{};
    };

    void promised(std::string const& what, std::string const& name, std::uint64_t size, Hash const& root, std::string const& key_id, std::string_view text,
                  std::string_view signature)
    {
        auto const certificate = certificates_.find(key_id);
        if (certificate == certificates_.end()) ++report_.heads_unverified;
        else if (!signing::verify_text(certificate->second, text, signature))
            find({what, std::nullopt, "", "", fmt::format("{}, size {}: the signature is not over its text", name, size)});
        promises_.emplace(size, Promise{what, name, root});
    }

    void read_heads()
    {
        auto const rows = connection_.run(heads_statement, Params{});
        for (std::size_t i = 0; i < rows.count(); ++i) {
            ++report_.heads;
            auto const text = rows.text(i, 3);
            auto const name = fmt::format("head {}", rows.number(i, 0));
            auto const head = ledger::read_head(text);
            if (!head || head->size != static_cast<std::uint64_t>(rows.number(i, 1)) || signing::hex(head->key_id) != rows.text(i, 2))
                find({"head", std::nullopt, "", "", name + ": its text is not that of its row"});
            else
                promised("head", name, head->size, head->root, rows.string(i, 2), text, rows.text(i, 4));
            if (head) log_ = head->log;
        }
    }

    // The only witnesses of what nothing in the database speaks of any more.
    void read_kept_heads()
    {
        for (auto const& kept : options_.heads) {
            ++report_.heads_kept;
            auto const head = ledger::read_head(kept.text);
            if (!head) throw std::runtime_error(kept.name + ": " + head.error().detail);
            if (!log_.empty() && head->log != log_) find({"head", std::nullopt, "", "", fmt::format("{}: of the log {}, this one is {}", kept.name, head->log, log_)});
            else promised("head", kept.name, head->size, head->root, signing::hex(head->key_id), kept.text, kept.signature);
            kept_min_ = std::min(kept_min_, head->size);
        }
    }

    void read_statements()
    {
        auto const rows = connection_.run(statements_statement, Params{});
        for (std::size_t i = 0; i < rows.count(); ++i) {
            ++report_.statements;
            auto const text = rows.text(i, 4);
            auto const name = fmt::format("statement of {}, {}", rows.text(i, 1), rows.text(i, 0));
            auto const said = ledger::read_statement(text);
            if (!said || said->provider != rows.text(i, 1) || dossier::vietnam_date(said->day) != rows.text(i, 0) ||
                said->size != static_cast<std::uint64_t>(rows.number(i, 2)) || signing::hex(said->key_id) != rows.text(i, 3))
                find({"statement", std::nullopt, "", "", name + ": its text is not that of its row"});
            else
                promised("statement", name, said->size, said->root, rows.string(i, 3), text, rows.text(i, 5));
        }
    }

    // The frontier is where heads are signed: every head is of some commit's end.
    void compare_heads(ledger::Frontier const& frontier, ledger::Frontier const* or_else)
    {
        auto const size = frontier.span().end;
        auto const [begin, end] = promises_.equal_range(size);
        if (begin == end) return;
        auto const is = [&](Hash const& hash, ledger::Frontier const& one) {
            auto const root = one.root();
            return root && *root == hash;
        };
        for (auto at = begin; at != end; ++at)
            if (!is(at->second.root, frontier) && !(or_else != nullptr && is(at->second.root, *or_else)))
                find({at->second.what, std::nullopt, "", "", fmt::format("{}, size {}: its root is not the log's", at->second.name, size)});
        promises_.erase(begin, end);
    }

    void start_at(std::uint64_t index)
    {
        if (index == 0) return compare_heads(frontier_, nullptr);
        auto const rows = connection_.run(before_statement, Params{}.number(static_cast<std::int64_t>(index)));
        if (rows.count() < 2) return compare_heads(frontier_, nullptr);
        auto const start = static_cast<std::uint64_t>(rows.number(0, 0));
        auto frontier = ledger::read_frontier(rows.text(1, 3));
        if (frontier && frontier->span() == ledger::Span{0, start}) frontier_ = std::move(*frontier);
        else find({"frontier", start, "", "", "the commit before has none that can be read"});
        if (kept_min_ < start) throw std::runtime_error(fmt::format("a kept head stands at {} leaves: begin at it or before it", kept_min_));
        begin_ = start;
        promises_.erase(promises_.begin(), promises_.lower_bound(start));
        compare_heads(frontier_, nullptr);
    }

    void read_groups()
    {
        start_at(options_.from_index);
        auto next = begin_;
        for (;;) {
            auto const rows = connection_.run(groups_statement, Params{}.number(static_cast<std::int64_t>(next)).number(groups_at_once));
            std::vector<ledger::Node> born;
            for (std::size_t i = 0; i < rows.count(); ++i) group(rows, i, born);
            compare_nodes(born);
            if (rows.count() < static_cast<std::size_t>(groups_at_once)) break;
            next = static_cast<std::uint64_t>(rows.number(rows.count() - 1, 0)) + 1;
        }
        report_.size = begin_ + leaves_.size();
        report_.leaves = leaves_.size();
        matched_.resize(leaves_.size());
        for (auto const& [size, signed_one] : promises_)
            find({signed_one.what, std::nullopt, "", "",
                  size > report_.size ? fmt::format("{}: signed for {} leaves, the log has {}", signed_one.name, size, report_.size)
                                      : fmt::format("{}: no commit ended at {} leaves", signed_one.name, size)});
        auto const stored = connection_.run(nodes_count_statement, Params{}).number(0, 0);
        std::int64_t expected = 0;
        for (auto level = log_level_min; level <= ledger::level_max && (report_.size >> level) > 0; ++level)
            expected += static_cast<std::int64_t>(report_.size >> level);
        if (stored > expected) find({"node", std::nullopt, "", "", fmt::format("{} nodes more than {} leaves have", stored - expected, report_.size)});
    }

    void group(Rows const& rows, std::size_t i, std::vector<ledger::Node>& born)
    {
        ++report_.groups;
        auto const first = static_cast<std::uint64_t>(rows.number(i, 0)), count = static_cast<std::uint64_t>(rows.number(i, 1));
        auto const hashes = rows.text(i, 2);
        auto const end = frontier_.span().end;
        if (first < end || hashes.size() != count * sizeof(Hash)) {
            find({"groups", first, "", "", fmt::format("the commit at {} overlaps the one before, or has another count of hashes", first)});
            return;
        }
        bool const gap = first > end;
        if (gap) {
            find({"groups", end, "", "", fmt::format("no commit holds the leaves {} to {}", end, first - 1)});
            leaves_.resize(static_cast<std::size_t>(first - begin_));
        }
        for (std::size_t n = 0; n < count; ++n) leaves_.push_back(hash_at(hashes, n));
        auto const stored = rows.text(i, 3);
        auto const before = frontier_;
        if (!gap && (extend(frontier_, count, stored, born) || (other_ && extend(*other_, count, stored, born)))) {
            if (other_ && other_->span().end == first + count) frontier_ = std::move(*other_);
            other_.reset();
            return compare_heads(frontier_, nullptr);
        }
        // Either the leaves or the frontier were changed: the next commit goes on from the one that is right.
        other_.reset();
        if (auto said = ledger::read_frontier(stored); said && said->span() == ledger::Span{0, first + count}) other_ = std::move(*said);
        if (gap && !other_) throw std::runtime_error("leaves are missing and no frontier is left behind them: the rest cannot be judged");
        if (gap) {
            frontier_ = std::move(*other_);
            other_.reset();
            return compare_heads(frontier_, nullptr);
        }
        bad_.push_back({first, count, before, std::string{stored}});
        std::vector<ledger::Node> ignored;
        for (auto n = leaves_.size() - count; n < leaves_.size(); ++n) append(frontier_, leaves_[n], ignored);
        compare_heads(frontier_, other_ ? &*other_ : nullptr);
    }

    static void append(ledger::Frontier& frontier, Hash const& leaf, std::vector<ledger::Node>& born)
    {
        if (!frontier.append(leaf, born)) throw std::runtime_error("the log is full");
    }

    // True: the newest `count` leaves lead from `frontier` to the stored one, which it then is. Else it is as it was.
    bool extend(ledger::Frontier& frontier, std::uint64_t count, std::string_view stored, std::vector<ledger::Node>& born) const
    {
        auto next = frontier;
        std::vector<ledger::Node> made;
        for (auto n = leaves_.size() - count; n < leaves_.size(); ++n) append(next, leaves_[n], made);
        if (ledger::bytes_of(next) != stored) return false;
        for (auto const& node : made)
            if (node.id.level >= log_level_min) born.push_back(node);
        frontier = std::move(next);
        return true;
    }

    void compare_nodes(std::vector<ledger::Node> const& born)
    {
        if (born.empty()) return;
        std::map<ledger::NodeId, Hash> expected;
        std::vector<std::int64_t> levels, indexes;
        for (auto const& node : born) {
            expected.emplace(node.id, node.hash);
            levels.push_back(node.id.level);
            indexes.push_back(static_cast<std::int64_t>(node.id.index));
        }
        report_.nodes += born.size();
        auto const rows = connection_.run(nodes_statement, Params{}.numbers(levels).numbers(indexes));
        for (std::size_t i = 0; i < rows.count(); ++i) {
            ledger::NodeId const id{static_cast<unsigned>(rows.number(i, 0)), static_cast<std::uint64_t>(rows.number(i, 1))};
            if (!rows.null(i, 2) && hash_at(rows.text(i, 2), 0) == expected.at(id)) continue;
            find({"node", id.index << id.level, "", "",
                  fmt::format("node {} of level {} {}", id.index, id.level, rows.null(i, 2) ? "is missing" : "is not the hash of its leaves")});
        }
    }

    // All that a cursor has, so many rows at a time.
    template <class Take>
    void fetch(std::string const& declare, std::string const& cursor, std::size_t at_once, Take take)
    {
        connection_.run_plain(declare.c_str());
        auto const next = fmt::format("FETCH {} FROM {}", at_once, cursor);
        for (bool more = true; more;) {
            connection_.send_plain(next.c_str());
            auto answers = connection_.finish();
            more = answers.front().count() == at_once;
            take(std::move(answers.front()));
        }
    }

    // Rows are read here, computed on other threads, and judged here in their order.
    template <class Checked, class Compute, class Judge>
    void each(std::string const& declare, std::string const& cursor, Compute compute, Judge judge)
    {
        InOrder<std::vector<Checked>> work{options_.threads > 0 ? options_.threads : std::max(1u, std::thread::hardware_concurrency()), options_.batches_max};
        auto const judge_oldest = [&] {
            for (auto& row : work.take()) judge(row);
            if (options_.progress) options_.progress(report_.dossiers + report_.refusals);
        };
        fetch(declare, cursor, options_.rows_at_once, [&](Rows fetched) {
            if (work.full()) judge_oldest();
            work.give([rows = std::make_shared<Rows const>(std::move(fetched)), &compute] {  // shared: a std::function is copied
                std::vector<Checked> done;
                for (std::size_t n = 0; n < rows->count(); ++n) done.push_back(compute(*rows, n));
                return done;
            });
        });
        while (!work.empty()) judge_oldest();
    }

    // The leaf the log holds at an index; null where this audit does not look there.
    Hash const* held(std::uint64_t index) const
    {
        return index < begin_ || index - begin_ >= leaves_.size() ? nullptr : &leaves_[static_cast<std::size_t>(index - begin_)];
    }

    // True: the row stands where it should. Else the caller says what it can of it.
    bool settled(std::uint64_t index, std::optional<Hash> const& row_leaf, AuditFinding const& name)
    {
        if (index < begin_) return true;
        auto const* const leaf = held(index);
        if (leaf == nullptr) {
            auto finding = name;
            finding.what = "beyond";
            finding.detail = fmt::format("the log ends at {}", report_.size);
            find(std::move(finding));
            return true;
        }
        if (!row_leaf || *row_leaf != *leaf) return false;
        auto const place = static_cast<std::size_t>(index - begin_);
        if (matched_[place]) {
            auto finding = name;
            finding.what = "inserted";
            finding.detail = "the same row twice";
            find(std::move(finding));
        }
        matched_[place] = true;
        return true;
    }

    void dossier(CheckedDossier& row)
    {
        if (row.index || begin_ == 0) numbers_.add(row.number);
        claims_wanted_.add(row.claim);
        statuses_wanted_.add(row.status);
        AuditFinding name{"", row.index, row.dossier_id, row.case_code, ""};
        if (row.seal_checked) ++(row.seal_key_known ? report_.receipts_verified : report_.receipts_unverified);
        if (!row.index) {
            ++report_.before_the_log;
            if (unlogged_.size() < options_.findings_max) unlogged_.emplace_back(row.at, std::move(name));
            return own(row);
        }
        ++report_.dossiers;
        auto const index = *row.index;
        if (index < begin_) return;
        if (!row.body_unpacked || !row.receipt_unpacked) {
            name.what = row.body_unpacked ? "receipt" : "body";
            name.detail = "cannot be unpacked";
            if (held(index) != nullptr) matched_[static_cast<std::size_t>(index - begin_)] = true;
            return find(std::move(name));
        }
        if (!settled(index, row.leaf, name)) return odd(std::move(name), row);
        if (row.content != row.column) {
            name.what = "content_sha256";
            name.detail = fmt::format("the body's hash is {}, the row says {}", row.content, row.column);
            return find(std::move(name));
        }
        if (held(index) != nullptr) own(row);
    }

    // Only of a row that is the one that was logged: else it says what is wrong with it already.
    void own(CheckedDossier& row)
    {
        for (auto& finding : row.own) find(std::move(finding));
    }

    // Which of the row's fields must be put back, from the receipt or the row's own second copy, for the leaf to be the log's?
    void odd(AuditFinding name, CheckedDossier const& checked)
    {
        auto const index = *checked.index;
        auto const &content = checked.content, &column = checked.column, &receipt = checked.receipt, &provider = checked.provider;
        auto const at = checked.at;
        Odd row{std::move(name), checked.leaf, false};
        auto const words = dossier::read_receipt(receipt);
        auto const signed_provider = element_text(receipt, "MaIVAN");
        constexpr std::array fields{"body", "case_code", "provider", "received_at", "dossier_id"};
        unsigned best = 0;
        for (unsigned changed = 1; words && changed < 1u << fields.size(); ++changed) {
            auto const put_back = [&](unsigned field) { return (changed >> field & 1u) != 0; };
            if (best != 0 && std::popcount(changed) >= std::popcount(best)) continue;
            try {
                auto const entry = accepted_entry(put_back(4) ? words->dossier_id : row.finding.dossier_id,
                                                  put_back(1) ? words->case_code : row.finding.case_code,
                                                  put_back(0) ? words->content_sha256 : content, receipt,
                                                  put_back(3) ? words->received_at : at, put_back(2) ? signed_provider : provider);
                if (ledger::leaf_hash(entry) == *held(index)) best = changed;
            } catch (std::runtime_error const&) {
                // Words of another's receipt that are no entry at all.
            }
        }
        for (unsigned field = 0; field < fields.size(); ++field)
            if ((best >> field & 1u) != 0) row.finding.what += (row.finding.what.empty() ? "" : "+") + std::string{fields[field]};
        if (best != 0) {
            row.told = true;
            row.finding.detail = "not what was logged";
            if (best == 1) row.finding.detail = fmt::format("its hash is {}, the log and the receipt say {}{}", content, words->content_sha256, content == column ? ", the column was changed too" : "");
            if (best == 2) row.finding.detail = "the log and the receipt say " + words->case_code;
            if (best == 4) row.finding.detail = fmt::format("the row says {}, the log and the receipt say {}", provider, signed_provider);
            matched_[static_cast<std::size_t>(index - begin_)] = true;
        }
        if (best == 0) row.signed_place = place_by_receipt(checked);
        if (odd_.size() < options_.findings_max) odd_.push_back(std::move(row));
        else ++report_.findings_left_out;
    }

    // Where the row would stand as it should.
    std::optional<std::uint64_t> place_by_receipt(CheckedDossier const& row) const
    {
        auto const digits = element_text(row.receipt, "ViTriNhatKy");
        std::uint64_t place = 0;
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), place);
        if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        auto const* const leaf = held(place);
        return leaf != nullptr && row.leaf && *leaf == *row.leaf ? std::optional{place} : std::nullopt;
    }

    void refusal(CheckedRefusal const& row)
    {
        ++report_.refusals;
        AuditFinding name{"refusal", row.index, "", "", fmt::format("{} of {}", row.fault_id, row.provider)};
        if (row.index < begin_) return;
        if (!row.body_right) {
            auto finding = name;
            finding.detail += ": the body is not the one that was refused";
            find(std::move(finding));
        }
        if (settled(row.index, row.leaf, name)) return;
        Odd other{std::move(name), row.leaf, false};
        other.finding.detail += ": the fault, the content's hash, the provider or the time was changed";
        if (odd_.size() < options_.findings_max) odd_.push_back(std::move(other));
        else ++report_.findings_left_out;
    }

    // Where the rows' leaves lead to the stored frontier, it was the leaf that was changed; where they do not, the frontier.
    void judge_groups()
    {
        for (auto const& bad : bad_) {
            auto frontier = bad.before;
            std::vector<ledger::Node> born;
            std::vector<Odd*> here;
            for (std::uint64_t index = bad.first; index < bad.first + bad.count; ++index) {
                auto leaf = leaves_[static_cast<std::size_t>(index - begin_)];
                auto const found = std::find_if(odd_.begin(), odd_.end(), [&](auto const& row) { return row.finding.index == index && !row.told; });
                if (found != odd_.end() && found->leaf && !matched_[static_cast<std::size_t>(index - begin_)]) {
                    leaf = *found->leaf;
                    here.push_back(&*found);
                }
                if (!frontier.append(leaf, born)) break;
            }
            if (!here.empty() && ledger::bytes_of(frontier) == bad.stored) {
                for (auto* row : here) {
                    row->finding.what = "leaf";
                    row->finding.detail = "the log's hash of this row was changed; the row itself is as it was logged";
                    row->told = true;
                    matched_[static_cast<std::size_t>(*row->finding.index - begin_)] = true;
                }
            } else {
                find({"frontier", bad.first, "", "", fmt::format("of the commit with the leaves {} to {}: not what its leaves make", bad.first, bad.first + bad.count - 1)});
            }
        }
    }

    void judge_rows()
    {
        for (auto& row : odd_) {
            auto& finding = row.finding;
            auto const place = static_cast<std::size_t>(*finding.index - begin_);
            if (row.signed_place && !matched_[static_cast<std::size_t>(*row.signed_place - begin_)]) {
                matched_[static_cast<std::size_t>(*row.signed_place - begin_)] = true;
                finding.what = "log_index";
                finding.detail = fmt::format("the row says this place, the log and its receipt say {}", *row.signed_place);
                find(std::move(finding));
                continue;
            }
            if (!row.told && finding.what != "refusal") {
                finding.what = matched_[place] ? "inserted" : "receipt";
                finding.detail = matched_[place] ? "this place in the log belongs to another row" : "the receipt is not the one that was logged";
            } else if (!row.told && matched_[place]) {
                finding.what = "inserted";
            }
            matched_[place] = true;
            find(std::move(finding));
        }
    }

    void judge_missing()
    {
        std::uint64_t missing = 0;
        for (std::size_t place = 0; place < matched_.size(); ++place) {
            if (matched_[place]) continue;
            ++missing;
            find({"missing", begin_ + place, "", "", "the log holds an entry, and no dossier and no refusal stands there"});
        }
        if (missing == 0) return;
        auto const rows = connection_.run(orphans_statement, Params{}.number(static_cast<std::int64_t>(options_.findings_max)));
        for (std::size_t i = 0; i < rows.count(); ++i)
            find({"missing", std::nullopt, rows.string(i, 0), rows.string(i, 1), "this dossier has a status and no row"});
    }

    void judge_unlogged()
    {
        auto const rows = connection_.run(begin_statement, Params{});
        auto const before = rows.null(0, 1) ? 0 : static_cast<std::uint64_t>(rows.number(0, 1));
        if (report_.before_the_log <= before) return;
        auto const extra = report_.before_the_log - before;
        report_.before_the_log = before;
        bool named = false;
        for (auto& [at, finding] : unlogged_) {
            if (!rows.null(0, 0) && before > 0 && at < rows.instant(0, 0)) continue;
            finding.what = "not_logged";
            finding.detail = "a row without a place in the log";
            find(std::move(finding));
            named = true;
        }
        if (!named) find({"not_logged", std::nullopt, "", "", fmt::format("{} rows without a place in the log more than there were before it", extra)});
    }

    void read_companions()
    {
        if (begin_ > 0) return;  // of a part there is no sum
        auto const& companions = check_.companions();
        fetch(claims_cursor, "audit_claims", companions_at_once, [&](Rows const& rows) {
            for (std::size_t n = 0; n < rows.count(); ++n)
                claims_.add(companions.claim(rows.text(n, 0), rows.text(n, 1), rows.text(n, 2), rows.text(n, 3), rows.text(n, 4), rows.instant(n, 5)));
        });
        fetch(statuses_cursor, "audit_statuses", companions_at_once, [&](Rows const& rows) {
            for (std::size_t n = 0; n < rows.count(); ++n)
                statuses_.add(companions.status(rows.text(n, 0), rows.text(n, 1), rows.text(n, 2), rows.text(n, 3), rows.text(n, 4), rows.instant(n, 5)));
        });
    }

    void read_counters()
    {
        auto const rows = connection_.run(counters_statement, Params{});
        for (std::size_t i = 0; i < rows.count(); ++i) numbers_.counter(rows.string(i, 0), static_cast<std::uint64_t>(std::max(rows.number(i, 1), std::int64_t{0})));
    }

    void judge_counters()
    {
        for (auto& one : numbers_.disagreements(begin_ == 0)) find({"counter", std::nullopt, "", std::move(one.first_missing), std::move(one.detail)});
    }

    void judge_companions()
    {
        if (begin_ == 0 && claims_ == claims_wanted_ && statuses_ == statuses_wanted_) return;
        auto const before = found();
        for (auto const* setting : whole_tables) connection_.run_plain(setting);
        auto const from = Params{}.number(static_cast<std::int64_t>(begin_)).number(static_cast<std::int64_t>(options_.findings_max));
        auto const name = [&](std::string const& what, Rows const& rows, auto const& detail) {
            for (std::size_t i = 0; i < rows.count(); ++i)
                find({what, rows.null(i, 0) ? std::nullopt : std::optional{static_cast<std::uint64_t>(rows.number(i, 0))}, rows.string(i, 1), rows.string(i, 2),
                      detail(rows.boolean(i, 3), rows.text(i, 4))});
        };
        name("claim", connection_.run(wrong_claims_statement, from), [](bool missing, std::string_view key) {
            return fmt::format("the claim of its key, {}, {}", key, missing ? "is missing" : "is for something else than the dossier");
        });
        name("status", connection_.run(wrong_statuses_statement, from), [](bool missing, std::string_view code) {
            return missing ? std::string{"it has no status"} : fmt::format("its status, of {}, says something else than the dossier", code);
        });
        if (begin_ > 0) return;
        auto const bound = Params{}.number(static_cast<std::int64_t>(options_.findings_max));
        auto const claims = connection_.run(idle_claims_statement, bound);
        for (std::size_t i = 0; i < claims.count(); ++i)
            find({"claim", std::nullopt, claims.string(i, 0), "", fmt::format("the key {} is claimed for a dossier that is not there", claims.text(i, 1))});
        auto const orphans = connection_.run(orphans_statement, bound);
        for (std::size_t i = 0; i < orphans.count(); ++i)
            find({"status", std::nullopt, orphans.string(i, 0), orphans.string(i, 1), "a status of a dossier that is not there"});
        // Whatever it is, it is not in order.
        if (found() == before) find({claims_ == claims_wanted_ ? "status" : "claim", std::nullopt, "", "", "the table is not what the dossiers make of it"});
    }

    AuditOptions const& options_;
    CaseNumbers numbers_;
    RowCheck const check_;
    PgConnection connection_;
    AuditReport report_;
    std::map<std::string, std::string> certificates_;  // by key id
    std::multimap<std::uint64_t, Promise> promises_;  // by size; those not yet met
    std::string log_;                             // its name, as stored heads say
    std::uint64_t kept_min_ = ledger::size_max;   // the smallest head kept outside
    std::uint64_t begin_ = 0;
    ledger::Frontier frontier_;
    std::optional<ledger::Frontier> other_;  // as stored, where it is not what the leaves make
    std::vector<Hash> leaves_;   // from begin_ on
    std::vector<bool> matched_;  // a row stands there that is, or was, this leaf
    FingerprintSum claims_wanted_, statuses_wanted_, claims_, statuses_;  // as dossiers have them, and as they stand
    std::vector<BadGroup> bad_;
    std::vector<Odd> odd_;
    std::vector<std::pair<runtime::Instant, AuditFinding>> unlogged_;
};

}  // namespace

AuditReport audit_log(std::string const& database_url, AuditOptions const& options)
{
    try {
        return Audit{database_url, options}.run();
    } catch (PgError const& error) {
        throw std::runtime_error(std::string{"audit: "} + error.what());
    }
}

}  // namespace store
