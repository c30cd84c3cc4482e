#include "gateway/store/pg_log.hpp"

#include "gateway/ledger/frontier.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/log_writer.hpp"
#include "signing/signer.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace store::detail {
namespace {

constexpr Statement nodes_statement{
    "log_read_nodes", "SELECT n.level, n.index, n.hash FROM unnest($1::bigint[], $2::bigint[]) AS w(l, i) "
                      "JOIN ivan.log_nodes n ON n.level = w.l AND n.index = w.i"};
// The groups that have leaves of [$1, $2).
constexpr Statement leaves_statement{
    "log_read_leaves", "SELECT first_index, hashes FROM ivan.log_groups WHERE first_index < $2::bigint AND first_index >= "
                       "coalesce((SELECT max(first_index) FROM ivan.log_groups WHERE first_index <= $1::bigint), 0) ORDER BY first_index"};
constexpr Statement size_statement{"log_size", "SELECT first_index + count, frontier FROM ivan.log_groups ORDER BY first_index DESC LIMIT 1"};
constexpr Statement head_statement{"log_head", "SELECT size, at, key_id, text, signature FROM ivan.log_heads ORDER BY head_id DESC LIMIT 1"};
constexpr Statement head_lock_statement{"log_head_lock", "SELECT pg_try_advisory_xact_lock(hashtextextended('ivan.log_heads', 0))"};
constexpr Statement head_insert_statement{
    "log_head_insert", "INSERT INTO ivan.log_heads (size, at, key_id, text, signature) VALUES ($1::bigint, $2::timestamptz, $3::text, $4::text, $5::bytea)"};

#define ROW_OF_DOSSIER                                                                                                                \
    "SELECT d.log_index, d.dossier_id::text, d.case_code, d.content_sha256, d.receipt_xml, d.received_at, d.provider "               \
    "FROM ivan.dossier_status s JOIN LATERAL (SELECT * FROM ivan.dossiers d WHERE d.agency = s.agency AND d.received_at = s.received_at " \
    "AND d.dossier_id = s.dossier_id OFFSET 0) d ON true WHERE s.provider = $1::text AND d.log_index IS NOT NULL "
constexpr Statement by_id_statement{"log_by_id", ROW_OF_DOSSIER "AND s.dossier_id = $2::text::uuid"};
constexpr Statement by_code_statement{"log_by_code", ROW_OF_DOSSIER "AND s.case_code = $2::text"};
#undef ROW_OF_DOSSIER
constexpr Statement by_refused_statement{
    "log_by_refused", "SELECT log_index, fault_id, content_sha256, provider, refused_at FROM ivan.refusals WHERE provider = $1::text "
                      "AND content_sha256 = $2::bytea AND log_index IS NOT NULL ORDER BY refused_at DESC, refusal_id DESC LIMIT 1"};

Failure damaged(ledger::Failure const& failure) { return {Refusal::internal, "the provable log: " + failure.detail}; }

Result<LogEntry> find_entry(PgConnection& connection, std::string const& provider, Log::By by, std::string const& value)
{
    if (by == Log::By::refused_content) {
        auto const rows = connection.run(by_refused_statement, Params{}.text(provider).text(signing::bytes_of_hex(value)));
        if (rows.count() == 0) return Failure{Refusal::not_found, value};
        return LogEntry{static_cast<std::uint64_t>(rows.number(0, 0)),
                        refused_entry(rows.string(0, 1), signing::hex(rows.text(0, 2)), rows.string(0, 3), rows.instant(0, 4))};
    }
    auto const rows = connection.run(by == Log::By::id ? by_id_statement : by_code_statement, Params{}.text(provider).text(value));
    if (rows.count() == 0) return Failure{Refusal::not_found, value};
    auto const receipt = unpack(rows.text(0, 4), unpacked_bytes_max);
    if (!receipt) return Failure{Refusal::internal, "the stored receipt of " + value + " is damaged"};
    return LogEntry{static_cast<std::uint64_t>(rows.number(0, 0)),
                    accepted_entry(rows.string(0, 1), rows.string(0, 2), signing::hex(rows.text(0, 3)), *receipt, rows.instant(0, 5), rows.string(0, 6))};
}

}  // namespace

ledger::Result<std::vector<ledger::Hash>> StoredNodes::nodes(std::span<ledger::NodeId const> ids) const
{
    std::vector<std::int64_t> levels, indexes;
    std::set<std::uint64_t> blocks;
    for (auto const& id : ids) {
        if (id.level < log_level_min) {
            blocks.insert((id.index << id.level) / log_block);
            continue;
        }
        levels.push_back(id.level);
        indexes.push_back(static_cast<std::int64_t>(id.index));
    }
    connection_.send(nodes_statement, Params{}.numbers(levels).numbers(indexes));
    for (auto const block : blocks)
        connection_.send(leaves_statement, Params{}.number(static_cast<std::int64_t>(block * log_block)).number(static_cast<std::int64_t>((block + 1) * log_block)));
    auto const answers = connection_.finish();

    std::map<ledger::NodeId, ledger::Hash> known;
    auto const& stored = answers.front();
    for (std::size_t i = 0; i < stored.count(); ++i)
        known[{static_cast<unsigned>(stored.number(i, 0)), static_cast<std::uint64_t>(stored.number(i, 1))}] = hash_at(stored.text(i, 2), 0);
    std::size_t answer = 0;
    for (auto const block : blocks) {
        auto const& groups = answers[++answer];
        auto range = ledger::Frontier::starting_at(block * log_block).value();
        std::vector<ledger::Node> born;
        for (std::size_t i = 0; i < groups.count(); ++i) {
            auto const hashes = groups.text(i, 1);
            auto const first = static_cast<std::uint64_t>(groups.number(i, 0));
            for (std::size_t n = 0; n < hashes.size() / sizeof(ledger::Hash); ++n) {
                if (first + n != range.span().end || first + n >= (block + 1) * log_block) continue;
                if (auto const appended = range.append(hash_at(hashes, n), born); !appended) return appended.error();
            }
        }
        for (auto const& node : born) known[node.id] = node.hash;
    }
    std::vector<ledger::Hash> out;
    for (auto const& id : ids) {
        auto const found = known.find(id);
        if (found == known.end()) return ledger::Failure{ledger::Refusal::nodes_wrong, "a stored node is missing"};
        out.push_back(found->second);
    }
    return out;
}

// Whichever gateway comes first signs; the others find its head. A try-lock: nobody waits for a signature under way.
Result<SignedHead> PgLog::newest(PgConnection& connection, std::chrono::milliseconds age_max, runtime::Instant now)
{
    connection.send_plain("BEGIN");
    connection.send(head_lock_statement, Params{});
    connection.send(head_statement, Params{});
    connection.send(size_statement, Params{});
    auto const answers = connection.finish();
    auto const &heads = answers[2], &newest = answers[3];
    auto const size = newest.count() == 0 ? 0 : static_cast<std::uint64_t>(newest.number(0, 0));

    std::optional<SignedHead> head;
    if (heads.count() > 0)
        head = SignedHead{static_cast<std::uint64_t>(heads.number(0, 0)), heads.instant(0, 1), heads.string(0, 2), heads.string(0, 3), heads.string(0, 4)};
    bool const due = !head || now - head->at >= config_.head_interval || (head->size < size && now - head->at >= age_max);
    if (!due || !answers[1].boolean(0, 0)) {
        connection.run_plain("COMMIT");
        if (!head) return Failure{Refusal::unavailable, "the first head is being signed"};
        return std::move(*head);
    }
    auto const frontier = newest.count() == 0 ? ledger::Result<ledger::Frontier>{ledger::Frontier{}} : ledger::read_frontier(newest.text(0, 1));
    if (!frontier) return damaged(frontier.error());
    auto const root = frontier->root();
    if (!root) return damaged(root.error());
    try {
        auto made = signer_(size, *root, std::chrono::floor<std::chrono::milliseconds>(now));
        connection.send(head_insert_statement,
                        Params{}.number(static_cast<std::int64_t>(made.size)).instant(made.at).text(made.key_id).text(made.text).text(made.signature));
        connection.send_plain("COMMIT");
        connection.finish();
        return made;
    } catch (signing::KeyTrouble const& trouble) {
        connection.rollback();
        return Failure{Refusal::unavailable, trouble.what()};
    }
}

runtime::Task<Result<SignedHead>> PgLog::head(std::chrono::milliseconds age_max, runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<SignedHead>(PgConnection&)> work = [&](PgConnection& connection) {
        return newest(connection, std::max(age_max, config_.head_age_min), now);
    };
    co_return co_await pool_.run<SignedHead>(deadline, true, std::move(work));
}

runtime::Task<Result<Inclusion>> PgLog::inclusion(std::string provider, By by, std::string value, std::optional<std::uint64_t> size,
                                                  runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<Inclusion>(PgConnection&)> work = [&](PgConnection& connection) -> Result<Inclusion> {
        auto entry = find_entry(connection, provider, by, value);
        if (!entry) return entry.error();
        Inclusion out;
        out.entry = std::move(*entry);
        if (!size) {
            auto covering = newest(connection, config_.head_age_min, now);
            if (!covering) return covering.error();
            if (covering->size <= out.entry.index) return Failure{Refusal::behind, value};
            out.head = std::move(*covering);
        } else {
            auto const newest = connection.run(size_statement, Params{});
            auto const have = newest.count() == 0 ? 0 : static_cast<std::uint64_t>(newest.number(0, 0));
            if (*size > have || *size <= out.entry.index) return Failure{Refusal::not_found, "no tree of that size has it"};
        }
        out.size = out.head ? out.head->size : *size;
        auto path = ledger::prove_inclusion(StoredNodes{connection}, out.entry.index, out.size);
        if (!path) return damaged(path.error());
        out.path = std::move(*path);
        return out;
    };
    co_return co_await pool_.run<Inclusion>(deadline, true, std::move(work));
}

runtime::Task<Result<ledger::Proof>> PgLog::consistency(std::uint64_t from, std::uint64_t to, runtime::Deadline deadline)
{
    std::function<Result<ledger::Proof>(PgConnection&)> work = [&](PgConnection& connection) -> Result<ledger::Proof> {
        auto const newest = connection.run(size_statement, Params{});
        auto const size = newest.count() == 0 ? 0 : static_cast<std::uint64_t>(newest.number(0, 0));
        if (from == 0 || from > to || to > size) return Failure{Refusal::not_found, "the log has no such trees"};
        auto proof = ledger::prove_consistency(StoredNodes{connection}, from, to);
        if (!proof) return damaged(proof.error());
        return std::move(*proof);
    };
    co_return co_await pool_.run<ledger::Proof>(deadline, true, std::move(work));
}

}  // namespace store::detail
