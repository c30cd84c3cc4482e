#pragma once

// One transaction of the journal: many dossiers and refusals, all or none. Pure order of statements; who waits for the
// answers and what a lost connection means is pg_journal.cpp's part.
//
// Threads: one. Errors: PgError where the transaction failed as a whole; commit_sent() then tells whether it may
// nevertheless have happened.

#include "gateway/dossier/case_code.hpp"
#include "gateway/store/detail/foresight.hpp"
#include "gateway/store/detail/log_writer.hpp"
#include "gateway/store/detail/numbering.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/row.hpp"
#include "gateway/store/failure.hpp"
#include "gateway/store/journal.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace store::detail {

// Whose unit it is, as committed: a unit belongs to the tax code that filed first, for ever. Believed for a while, so that an
// operator who sets one right need not restart anything. Threads: one.
class UnitOwners {
public:
    static constexpr std::size_t units_max = 50'000;
    static constexpr std::chrono::seconds believed_for{60};

    [[nodiscard]] bool is(std::string const& unit_key, std::string_view tax_code) const
    {
        auto const found = known_.find(unit_key);
        return found != known_.end() && found->second.tax_code == tax_code && std::chrono::steady_clock::now() < found->second.until;
    }
    void learn(std::string const& unit_key, std::string const& tax_code)
    {
        if (known_.size() >= units_max) known_.clear();
        known_[unit_key] = {tax_code, std::chrono::steady_clock::now() + believed_for};
    }

private:
    struct Owner {
        std::string tax_code;
        std::chrono::steady_clock::time_point until;
    };
    std::unordered_map<std::string, Owner> known_;
};

class BatchTransaction {
public:
    // Sets of each row that it numbers the facts that only a number gives: case code and place in the log, anew in each try.
    // `trusting`: tries first as though nothing had been stored before, in one round trip less for each question, or in one for all where
    // the foresight is worth trying. That costs a transaction where something was: a caller trusts while all_new() holds of the last.
    BatchTransaction(std::vector<Row*> rows, std::vector<RefusalRecord const*> refusals, Sealer const& sealer, Codec codec,
                     std::vector<dossier::CaseCodeTemplate> const& case_codes, UnitOwners const& owners, Foresight const& foresight, bool trusting);

    // `meanwhile` is called once, when all is sent and the answer to COMMIT is still to come. It throws nothing but PgError of the connection.
    using Meanwhile = std::function<void(PgConnection& connection, Foresight::Left const& if_committed)>;
    void run(PgConnection& connection, Meanwhile const& meanwhile = {});

    [[nodiscard]] bool commit_sent() const noexcept { return commit_sent_; }
    // Keys and contents were new, each.
    [[nodiscard]] bool all_new() const noexcept { return all_new_; }
    // One for each row, in their order. Nothing: this row must be tried again on its own, because the row before it with
    // the same key was refused. After a throw: only what does not depend on this transaction.
    [[nodiscard]] std::vector<std::optional<Result<Stored>>> take_results() { return std::move(results_); }

    // Of what this transaction has committed; empty before.
    struct Sequenced {
        std::size_t row;
        std::int64_t sequence;
    };
    [[nodiscard]] std::vector<Sequenced> sequences() const;
    // What it found and left, where it has committed anything.
    [[nodiscard]] std::optional<Foresight::Left> left() const;
    // Where its numbers came from: foreseen, asked of the database, or asked of it after they had been foreseen in vain.
    enum class Numbers { foreseen, asked, mistaken };
    [[nodiscard]] Numbers numbers() const noexcept { return numbers_; }
    // Another gateway had committed since our last commit.
    [[nodiscard]] bool somebody_else() const noexcept { return somebody_else_; }
    // Owners that it saw or made; true once it is committed.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& learned() const noexcept { return learned_; }

private:
    // All rows of one batch with the same provider and key: the first leads, the others follow.
    struct Group {
        std::size_t leader;
        std::vector<std::size_t> followers;
        bool fresh = false;                  // claimed by this transaction
        std::optional<Stored> stored;        // what the key stands for, once known
        std::string content_sha256;          // of what it stands for
        std::optional<std::size_t> duplicate_of;  // the group of this batch that has the same content
        std::string corrects;                // the dossier's id, once found
        std::int64_t sequence = 0;
        std::int64_t log_index = 0;
    };

    using Groups = std::vector<Group*>;

    static constexpr std::size_t numbers_answers = 2 + LogWriter::lock_statements;

    bool run_as_foreseen(PgConnection& connection, Meanwhile const& meanwhile);
    bool foresee();
    void ask_whether_foreseen(PgConnection& connection, Groups const& units);
    void start_over(PgConnection& connection);
    bool number_at_once(PgConnection& connection);
    void number_step_by_step(PgConnection& connection);
    void claim_keys(PgConnection& connection);
    void claim_corrections(PgConnection& connection);
    void read_known(PgConnection& connection);
    void check_corrections(PgConnection& connection);
    void check_units(PgConnection& connection);
    [[nodiscard]] Groups unknown_units();
    void note_units(PgConnection& connection, Groups const& units) const;
    Groups ask_units(PgConnection& connection);
    Groups note_owners(Groups const& units, Rows const& owners);
    void redeem(PgConnection& connection);
    void give_numbers(PgConnection& connection);
    [[nodiscard]] Counts numbers_wanted() const;
    Counts ask_numbers(PgConnection& connection);
    void take_numbers(Counts const& counts, std::vector<Rows> const& answers);
    void give(Counts last, std::vector<std::int64_t> const& sequences);
    void take_log(PgConnection& connection);
    void extend_log();
    void write(PgConnection& connection, Meanwhile const& meanwhile);
    void write_status(PgConnection& connection);
    void write_dossiers(PgConnection& connection);
    void insert(PgConnection& connection, Groups const& sealed) const;
    void write_refusals(PgConnection& connection);
    void commit(PgConnection& connection, Meanwhile const& meanwhile);
    void write_grace(PgConnection& connection, Groups const& fresh);
    void answer();
    [[nodiscard]] bool any_fresh() const;
    [[nodiscard]] bool only_to_be_stored() const;
    [[nodiscard]] Groups all_groups();
    [[nodiscard]] Groups fresh_by_arrival();
    // Columns of what they lead with.
    [[nodiscard]] std::vector<std::string_view> texts_of(Groups const& groups, std::string dossier::ReceiptFacts::* field) const;
    [[nodiscard]] std::vector<runtime::Instant> times_of(Groups const& groups) const;
    [[nodiscard]] std::vector<std::int64_t> sizes_of(Groups const& groups) const;
    [[nodiscard]] Params claim_params(Groups const& groups) const;
    void note_fresh(Rows const& claimed);
    void unclaim(PgConnection& connection, Groups const& groups);
    [[nodiscard]] Row const& leader(Group const& group) const { return *rows_[group.leader]; }

    std::vector<Row*> rows_;
    std::vector<RefusalRecord const*> refusals_;
    Sealer const& sealer_;
    Codec codec_;
    std::vector<dossier::CaseCodeTemplate> const& case_codes_;
    UnitOwners const& owners_;
    Foresight const& foresight_;
    bool const trusting_;
    bool all_new_ = false, somebody_else_ = false;
    Numbers numbers_ = Numbers::asked;
    std::vector<std::pair<std::string, std::string>> learned_;
    bool committed_ = false;
    std::vector<Group> groups_;           // sorted by provider and key: every gateway locks in this order
    std::vector<std::size_t> arrival_;    // groups by their leader's place in the batch
    LogWriter log_;
    Counts last_;                                // of each counter, with the numbers given here
    std::optional<std::int64_t> sequence_;       // the last that was drawn
    std::vector<std::optional<Result<Stored>>> results_;
    bool commit_sent_ = false;
};

// What a provider stored under a key; content_sha256 in hex.
struct KnownKey {
    std::string content_sha256;
    Stored stored;
};
[[nodiscard]] std::optional<KnownKey> find_key(PgConnection& connection, std::string_view provider, std::string_view key);

[[nodiscard]] std::string unit_key_of(dossier::ReceiptFacts const& facts);

inline constexpr std::size_t unpacked_bytes_max = 256u << 20;

}  // namespace store::detail
