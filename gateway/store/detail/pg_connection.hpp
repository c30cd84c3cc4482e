#pragma once

// The only libpq: one connection, always in pipeline mode, binary both ways.
//
// Threads: one thread at a time. Errors: PgError, thrown; the pool and the committer turn it into a Failure, each in
// one place. Bounds: every wait ends at the connect timeout, or at the statement timeout and a little.

#include "gateway/runtime/clock.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace store::detail {

// A statement that is prepared on its first use. Both strings live as long as the program.
struct Statement {
    char const* name;
    char const* sql;
};

class PgError : public std::runtime_error {
public:
    enum class Kind {
        lost,     // the connection is gone: what was under way may or may not have happened
        refused,  // the server said no; state() is its SQLSTATE
    };
    PgError(Kind kind, std::string state, std::string const& what, bool undone = false)
        : std::runtime_error{what}, kind_{kind}, state_{std::move(state)}, undone_{undone}
    {
    }
    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] std::string const& state() const noexcept { return state_; }
    // Lost, and yet certain: the server ended the session at a statement before the last that had been sent, which therefore never ran.
    [[nodiscard]] bool undone() const noexcept { return undone_; }
    // Two transactions were in each other's way: the same again may well succeed.
    [[nodiscard]] bool worth_repeating() const;
    // The server cannot work now (disk full, read-only, cancelled, shutting down): nobody's data is to blame.
    [[nodiscard]] bool server_unfit() const;

private:
    Kind kind_;
    std::string state_;
    bool undone_;
};

// Values of $1, $2 …, in order. The statement casts each to its type ($1::bigint), which must be the one given here.
class Params {
public:
    Params& text(std::string_view value);    // text, and bytea as it is
    Params& number(std::int64_t value);      // bigint
    Params& instant(runtime::Instant value); // timestamptz
    Params& boolean(bool value);             // boolean
    Params& null();
    Params& texts(std::vector<std::string_view> const& values);      // text[]
    Params& byteas(std::vector<std::string_view> const& values);     // bytea[]
    Params& numbers(std::vector<std::int64_t> const& values);        // bigint[]
    Params& instants(std::vector<runtime::Instant> const& values);   // timestamptz[]
    Params& bools(std::vector<bool> const& values);                  // boolean[]

private:
    friend class PgConnection;
    struct Value {
        std::string bytes;
        bool null = false;
    };
    std::vector<Value> values_;
};

// The rows of one answer.
class Rows {
public:
    explicit Rows(pg_result* result);
    [[nodiscard]] std::size_t count() const;
    [[nodiscard]] bool null(std::size_t row, int column) const;
    [[nodiscard]] std::string_view text(std::size_t row, int column) const;  // text and bytea; alive as long as this
    [[nodiscard]] std::string string(std::size_t row, int column) const { return std::string{text(row, column)}; }
    [[nodiscard]] std::int64_t number(std::size_t row, int column) const;    // smallint, integer or bigint
    [[nodiscard]] bool boolean(std::size_t row, int column) const;
    [[nodiscard]] runtime::Instant instant(std::size_t row, int column) const;
    [[nodiscard]] pg_result const* raw() const noexcept { return result_.get(); }

private:
    struct Clear {
        void operator()(pg_result* result) const noexcept;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

class PgConnection {
public:
    // A URL may name several hosts; they are tried in its order, each for connect_timeout, and the first that serves as
    // target_session_attrs asks is taken. Throws PgError, with each host's trouble.
    PgConnection(std::string const& url, std::chrono::milliseconds connect_timeout, std::chrono::milliseconds statement_timeout);
    ~PgConnection();
    PgConnection(PgConnection const&) = delete;
    PgConnection& operator=(PgConnection const&) = delete;

    // A connection at rest that the server has closed meanwhile says so here.
    [[nodiscard]] bool alive();

    // Queue statements, then finish() sends what is left of them and gives one Rows for each. An error of one ends the
    // transaction; finish() throws it after having read everything, so that the connection can be used again. A commit that the
    // synchronous standby did not confirm, because somebody cancelled the wait, counts as lost.
    void send(Statement const& statement, Params const& params);
    void send_plain(char const* sql);
    std::vector<Rows> finish();
    // Sends what is queued, so that the server works on it while the caller does something else; finish() is still to come.
    void start();
    // The same for good: nothing more is queued before finish(), which has only to wait.
    void conclude();
    // After conclude(): waits until an answer begins to come, or the time for it is over (true), or until another file can be read (false).
    [[nodiscard]] bool answered_before(int other);

    Rows run(Statement const& statement, Params const& params);
    void run_plain(char const* sql);
    // Several statements in one text, without parameters: migrations.
    void run_script(std::string const& sql);
    // Ends a transaction left open by an error, and drops the answers to what was sent. Throws where the connection is lost.
    void rollback();

    // Throws std::runtime_error where libpq cannot make sense of the URL.
    static void check_url(std::string const& url);

private:
    struct Queued {
        Statement const* statement = nullptr;
        bool preparing = false;
    };
    void connect(std::string const& url, std::array<std::string, 3> const& host);
    void begin_session(std::chrono::milliseconds statement_timeout);
    static void notice(void* self, pg_result const* said);
    pg_result* next();
    void wait(bool writing);
    [[noreturn]] void lose(std::string const& what);

    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };
    std::unique_ptr<pg_conn, Finish> connection_;
    std::set<std::string_view> prepared_;
    std::set<std::string_view> preparing_;
    std::vector<Queued> queued_;
    bool concluded_ = false;
    bool unconfirmed_ = false;
    std::chrono::milliseconds answer_timeout_;
    std::chrono::steady_clock::time_point answer_by_;
};

}  // namespace store::detail
