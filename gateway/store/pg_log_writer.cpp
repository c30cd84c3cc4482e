#include "gateway/store/detail/log_writer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace store::detail {
namespace {

constexpr Statement lock_statement{"log_lock", "SELECT pg_advisory_xact_lock(hashtextextended('ivan.log', 0))::text"};
// A statement of its own: its snapshot is taken when the lock is ours.
constexpr Statement newest_statement{"log_newest", "SELECT first_index, count, frontier FROM ivan.log_groups ORDER BY first_index DESC LIMIT 1"};
constexpr Statement group_statement{
    "log_group", "INSERT INTO ivan.log_groups (first_index, count, hashes, frontier) VALUES ($1::bigint, $2::bigint, $3::bytea, $4::bytea)"};
constexpr Statement nodes_statement{
    "log_nodes", "INSERT INTO ivan.log_nodes (level, index, hash) SELECT l, i, h FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS n(l, i, h)"};

std::string_view bytes(ledger::Hash const& hash) { return {reinterpret_cast<char const*>(hash.data()), hash.size()}; }

std::string octets_of(ledger::Entry const& entry)
{
    auto octets = ledger::bytes_of(entry);
    if (!octets) throw std::runtime_error("no entry of the log: " + octets.error().detail);
    return std::move(*octets);
}

}  // namespace

ledger::Hash hash_at(std::string_view hashes, std::size_t place)
{
    ledger::Hash hash{};
    auto const one = hashes.substr(place * hash.size(), hash.size());
    std::copy(one.begin(), one.end(), hash.begin());
    return hash;
}

ledger::Hash hash_of(std::string_view octets)
{
    if (octets.size() != sizeof(ledger::Hash)) throw std::runtime_error("a content hash that is none");
    return hash_at(octets, 0);
}

ledger::Time stored_time(runtime::Instant at) { return std::chrono::floor<std::chrono::microseconds>(at); }

std::string accepted_entry(std::string const& dossier_id, std::string const& case_code, std::string_view content_sha256,
                           std::string_view receipt_xml, runtime::Instant received_at, std::string const& provider)
{
    return octets_of(ledger::Accepted{dossier_id, case_code, hash_of(signing::bytes_of_hex(content_sha256)), signing::sha256(receipt_xml),
                                      stored_time(received_at), provider});
}

std::string refused_entry(std::string const& fault_id, std::string_view content_sha256, std::string const& provider, runtime::Instant at)
{
    ledger::Refused entry{fault_id, std::nullopt, provider, stored_time(at)};
    if (!content_sha256.empty()) entry.content_sha256 = hash_of(signing::bytes_of_hex(content_sha256));
    return octets_of(entry);
}

void LogWriter::lock(PgConnection& connection)
{
    connection.send(lock_statement, Params{});
    connection.send(newest_statement, Params{});
}

void LogWriter::take(Rows const& newest)
{
    if (newest.count() == 0) return;
    auto frontier = ledger::read_frontier(newest.text(0, 2));
    auto const end = static_cast<std::uint64_t>(newest.number(0, 0) + newest.number(0, 1));
    if (!frontier || frontier->span() != ledger::Span{0, end})
        throw PgError{PgError::Kind::refused, "58000", "the newest row of the provable log is damaged"};
    frontier_ = std::move(*frontier);
    size_ = end;
}

void LogWriter::resume(ledger::Frontier const& foreseen)
{
    frontier_ = foreseen;
    size_ = frontier_.span().end;
}

void LogWriter::append(std::string_view entry)
{
    auto const leaf = ledger::leaf_hash(entry);
    std::vector<ledger::Node> born;
    if (auto const appended = frontier_.append(leaf, born); !appended)
        throw PgError{PgError::Kind::refused, "58000", "the provable log: " + appended.error().detail};
    hashes_ += bytes(leaf);
    for (auto const& node : born)
        if (node.id.level >= log_level_min) born_.push_back(node);
}

void LogWriter::write(PgConnection& connection)
{
    if (hashes_.empty()) return;
    connection.send(group_statement, Params{}
                                         .number(static_cast<std::int64_t>(size_))
                                         .number(static_cast<std::int64_t>(end() - size_))
                                         .text(hashes_)
                                         .text(ledger::bytes_of(frontier_)));
    if (born_.empty()) return;
    std::vector<std::int64_t> levels, indexes;
    std::vector<std::string_view> hashes;
    for (auto const& node : born_) {
        levels.push_back(node.id.level);
        indexes.push_back(static_cast<std::int64_t>(node.id.index));
        hashes.push_back(bytes(node.hash));
    }
    connection.send(nodes_statement, Params{}.numbers(levels).numbers(indexes).byteas(hashes));
}

}  // namespace store::detail
