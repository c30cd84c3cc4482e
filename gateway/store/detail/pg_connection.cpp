#include "gateway/store/detail/pg_connection.hpp"

#include "gateway/runtime/assert.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace store::detail {

namespace {

constexpr int binary = 1;
// PostgreSQL counts microseconds from 2000-01-01.
constexpr std::chrono::seconds pg_epoch{946'684'800};

template <class Integer>
void put(std::string& out, Integer value)
{
    for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::make_unsigned_t<Integer>>(value) >> shift);
}

std::int64_t pg_time(runtime::Instant at)
{
    return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch() - pg_epoch).count();
}

// The binary form of a one-dimensional array without nulls (src/backend/utils/adt/arrayfuncs.c, array_recv).
std::string array_header(std::int32_t element_type, std::size_t count)
{
    std::string out;
    put<std::int32_t>(out, count > 0 ? 1 : 0);
    put<std::int32_t>(out, 0);
    put<std::int32_t>(out, element_type);
    if (count > 0) {
        put<std::int32_t>(out, static_cast<std::int32_t>(count));
        put<std::int32_t>(out, 1);
    }
    return out;
}

// Element types by their OIDs (src/include/catalog/pg_type.dat).
constexpr std::int32_t oid_bool = 16, oid_bytea = 17, oid_int8 = 20, oid_text = 25, oid_timestamptz = 1184;

std::string array_of(std::int32_t type, std::vector<std::string_view> const& values)
{
    std::size_t size = 20;
    for (auto const value : values) size += 4 + value.size();
    std::string out;
    out.reserve(size);
    out += array_header(type, values.size());
    for (auto const value : values) {
        put<std::int32_t>(out, static_cast<std::int32_t>(value.size()));
        out += value;
    }
    return out;
}

// The server's last words: it says FATAL and closes the connection, which may be seen only later.
bool last_words(pg_result const* result)
{
    auto const* const severity = result ? PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : nullptr;
    return severity && (severity == std::string_view{"FATAL"} || severity == std::string_view{"PANIC"});
}

// One of a URL's comma-separated values; a single value stands for every host.
std::string part_of(std::string_view values, std::size_t n)
{
    if (values.find(',') == values.npos) return std::string{values};
    for (; n > 0; --n) {
        auto const comma = values.find(',');
        if (comma == values.npos) return {};
        values.remove_prefix(comma + 1);
    }
    return std::string{values.substr(0, values.find(','))};
}

// Host, address and port of each host that a URL names, in its order; one empty entry where it names none.
std::vector<std::array<std::string, 3>> hosts_of(std::string const& url)
{
    std::array<std::string, 3> values;
    std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> const options{PQconninfoParse(url.c_str(), nullptr), PQconninfoFree};
    for (auto const* option = options.get(); option && option->keyword; ++option) {
        std::string_view const keyword{option->keyword};
        auto const place = keyword == "host" ? 0u : keyword == "hostaddr" ? 1u : keyword == "port" ? 2u : 3u;
        if (place < 3 && option->val) values[place] = option->val;
    }
    auto const commas = [](std::string const& list) { return static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')); };
    std::vector<std::array<std::string, 3>> hosts(std::max(commas(values[0]), commas(values[1])) + 1);
    for (std::size_t n = 0; n < hosts.size(); ++n)
        for (std::size_t place = 0; place < 3; ++place) hosts[n][place] = part_of(values[place], n);
    return hosts;
}

}  // namespace

// PgError -----------------------------------------------------------------------------------------------------------

bool PgError::worth_repeating() const
{
    // serialization_failure, deadlock_detected, lock_not_available
    return kind_ == Kind::refused && (state_ == "40001" || state_ == "40P01" || state_ == "55P03");
}

bool PgError::server_unfit() const
{
    // insufficient resources (53), operator intervention (57), system error (58), read only (25006), no such table (42P01:
    // migrations are missing)
    return kind_ == Kind::refused &&
           (state_.starts_with("53") || state_.starts_with("57") || state_.starts_with("58") || state_ == "25006" ||
            state_ == "42P01" || state_ == "3F000");
}

// Params ------------------------------------------------------------------------------------------------------------

Params& Params::text(std::string_view value)
{
    values_.push_back({std::string{value}, false});
    return *this;
}

Params& Params::number(std::int64_t value)
{
    put(values_.emplace_back().bytes, value);
    return *this;
}

Params& Params::instant(runtime::Instant value)
{
    put(values_.emplace_back().bytes, pg_time(value));
    return *this;
}

Params& Params::boolean(bool value)
{
    values_.push_back({std::string(1, value ? '\1' : '\0'), false});
    return *this;
}

Params& Params::null()
{
    values_.push_back({"", true});
    return *this;
}

Params& Params::texts(std::vector<std::string_view> const& values)
{
    values_.push_back({array_of(oid_text, values), false});
    return *this;
}

Params& Params::byteas(std::vector<std::string_view> const& values)
{
    values_.push_back({array_of(oid_bytea, values), false});
    return *this;
}

Params& Params::numbers(std::vector<std::int64_t> const& values)
{
    auto& out = values_.emplace_back().bytes;
    out = array_header(oid_int8, values.size());
    for (auto const value : values) {
        put<std::int32_t>(out, 8);
        put(out, value);
    }
    return *this;
}

Params& Params::instants(std::vector<runtime::Instant> const& values)
{
    auto& out = values_.emplace_back().bytes;
    out = array_header(oid_timestamptz, values.size());
    for (auto const value : values) {
        put<std::int32_t>(out, 8);
        put(out, pg_time(value));
    }
    return *this;
}

Params& Params::bools(std::vector<bool> const& values)
{
    auto& out = values_.emplace_back().bytes;
    out = array_header(oid_bool, values.size());
    for (bool const value : values) {
        put<std::int32_t>(out, 1);
        out += static_cast<char>(value);
    }
    return *this;
}

// Rows --------------------------------------------------------------------------------------------------------------

void Rows::Clear::operator()(pg_result* result) const noexcept { PQclear(result); }

Rows::Rows(pg_result* result) : result_{result} {}

std::size_t Rows::count() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

bool Rows::null(std::size_t row, int column) const { return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0; }

std::string_view Rows::text(std::size_t row, int column) const
{
    auto const r = static_cast<int>(row);
    return {PQgetvalue(result_.get(), r, column), static_cast<std::size_t>(PQgetlength(result_.get(), r, column))};
}

std::int64_t Rows::number(std::size_t row, int column) const
{
    auto const bytes = text(row, column);
    GW_ASSERT(bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8);
    std::uint64_t value = (bytes[0] & 0x80) ? ~std::uint64_t{0} : 0;
    for (char const byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
}

bool Rows::boolean(std::size_t row, int column) const
{
    auto const bytes = text(row, column);
    GW_ASSERT(bytes.size() == 1);
    return bytes[0] != 0;
}

runtime::Instant Rows::instant(std::size_t row, int column) const
{
    return runtime::Instant{std::chrono::microseconds{number(row, column)} + pg_epoch};
}

// PgConnection ------------------------------------------------------------------------------------------------------

void PgConnection::Finish::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

void PgConnection::check_url(std::string const& url)
{
    char* problem = nullptr;
    auto* const options = PQconninfoParse(url.c_str(), &problem);
    if (options) {
        PQconninfoFree(options);
        return;
    }
    std::string what = problem ? problem : "out of memory";
    PQfreemem(problem);
    while (!what.empty() && what.back() == '\n') what.pop_back();
    throw std::runtime_error("database_url: " + what);
}

PgConnection::PgConnection(std::string const& url, std::chrono::milliseconds connect_timeout,
                           std::chrono::milliseconds statement_timeout)
    : answer_timeout_{connect_timeout}
{
    // Each host has its own time, so that one which says nothing does not hide the next (libpq's own connect_timeout counts only
    // for its blocking calls). target_session_attrs of the URL is judged by libpq, host by host.
    std::string trouble, state;
    for (auto const& host : hosts_of(url)) {
        answer_by_ = std::chrono::steady_clock::now() + connect_timeout;
        try {
            connect(url, host);
            begin_session(statement_timeout);
            answer_timeout_ = statement_timeout + std::chrono::seconds{2};
            return;
        } catch (PgError const& error) {
            if (!trouble.empty()) trouble += "; ";
            trouble += error.what();
            state = error.state();
        }
    }
    throw PgError{PgError::Kind::lost, state, trouble};
}

void PgConnection::connect(std::string const& url, std::array<std::string, 3> const& host)
{
    // A later word overrides the URL's; an empty one does not. A peer that vanished is noticed by TCP itself.
    constexpr std::array keys{"dbname", "host", "hostaddr", "port", "fallback_application_name", "client_encoding", "keepalives_idle",
                              "keepalives_interval", "keepalives_count", "tcp_user_timeout", static_cast<char const*>(nullptr)};
    std::array const values{url.c_str(), host[0].c_str(), host[1].c_str(), host[2].c_str(), "ivan-gateway", "UTF8", "10",
                            "5",         "3",             "15000",         static_cast<char const*>(nullptr)};
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc{};
    PQsetNoticeReceiver(connection_.get(), &PgConnection::notice, this);
    if (PQstatus(connection_.get()) == CONNECTION_BAD) lose("connect");
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(connection_.get())) {
        if (state == PGRES_POLLING_FAILED) lose("connect");
        wait(state == PGRES_POLLING_WRITING);
    }
}

void PgConnection::begin_session(std::chrono::milliseconds statement_timeout)
{
    prepared_.clear();
    PQsetnonblocking(connection_.get(), 1);
    if (PQenterPipelineMode(connection_.get()) != 1) lose("pipeline");

    // Promise 1: a role or database that switches durability off does not switch it off for us.
    static constexpr Statement settings{
        "settings",
        "SELECT set_config('statement_timeout', $1::text, false), "
        "set_config('idle_in_transaction_session_timeout', $1::text, false), set_config('timezone', 'UTC', false), "
        // Each statement is planned once, and reads by its index whatever the statistics of a table just filled or emptied say:
        // planning anew cost as much as running, and queue tables are scanned whole where they were empty when last looked at.
        "set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false), "
        "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' "
        "ELSE current_setting('synchronous_commit') END, false)"};
    run(settings, Params{}.text(std::to_string(statement_timeout.count())));
}

PgConnection::~PgConnection() = default;

// A wait for the synchronous standby that somebody cancelled ends in COMMIT with a warning (src/backend/replication/syncrep.c,
// SyncRepWaitForLSN): durable here, and perhaps nowhere else. That is no promise to pass on.
void PgConnection::notice(void* self, pg_result const* said)
{
    auto const* const function = PQresultErrorField(said, PG_DIAG_SOURCE_FUNCTION);
    if (function && function == std::string_view{"SyncRepWaitForLSN"}) static_cast<PgConnection*>(self)->unconfirmed_ = true;
}

void PgConnection::lose(std::string const& what)
{
    // Where sending failed, what the server said last may lie unread: it answers the first of what was sent.
    if (!queued_.empty() && !PQisBusy(connection_.get())) {
        Rows const answer{PQgetResult(connection_.get())};
        auto const* const said = answer.raw();
        if (last_words(said)) throw PgError{PgError::Kind::lost, PQresultErrorField(said, PG_DIAG_SQLSTATE), PQresultErrorMessage(said), queued_.size() > 1};
    }
    std::string said = PQerrorMessage(connection_.get());
    while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
    throw PgError{PgError::Kind::lost, "", what + ": " + said};
}

void PgConnection::wait(bool writing)
{
    pollfd waited{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    if (writing) waited.events |= POLLOUT;
    for (;;) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(answer_by_ - std::chrono::steady_clock::now());
        if (left.count() <= 0) throw PgError{PgError::Kind::lost, "", "the server did not answer in time"};
        int const ready = poll(&waited, 1, static_cast<int>(left.count()));
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR) lose("poll");
    }
}

bool PgConnection::alive()
{
    if (PQstatus(connection_.get()) != CONNECTION_OK) return false;
    pollfd seen{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    if (poll(&seen, 1, 0) <= 0) return true;
    // Something came unasked: a notice, a changed setting, or the server's last words and the end.
    return PQconsumeInput(connection_.get()) == 1 && PQstatus(connection_.get()) == CONNECTION_OK && !PQisBusy(connection_.get());
}

void PgConnection::send(Statement const& statement, Params const& params)
{
    auto* const connection = connection_.get();
    if (!prepared_.contains(statement.name) && preparing_.insert(statement.name).second) {
        if (PQsendPrepare(connection, statement.name, statement.sql, 0, nullptr) != 1) lose("prepare");
        queued_.push_back({&statement, true});
    }
    auto const count = params.values_.size();
    std::vector<char const*> values(count);
    std::vector<int> lengths(count);
    std::vector<int> const formats(count, binary);
    for (std::size_t i = 0; i < count; ++i) {
        auto const& value = params.values_[i];
        values[i] = value.null ? nullptr : value.bytes.data();
        lengths[i] = static_cast<int>(value.bytes.size());
    }
    if (PQsendQueryPrepared(connection, statement.name, static_cast<int>(count), values.data(), lengths.data(), formats.data(),
                            binary) != 1)
        lose("send");
    queued_.push_back({&statement, false});
}

void PgConnection::send_plain(char const* sql)
{
    if (PQsendQueryParams(connection_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, binary) != 1) lose("send");
    queued_.push_back({});
}

void PgConnection::start()
{
    answer_by_ = std::chrono::steady_clock::now() + answer_timeout_;
    for (;;) {
        int const left = PQflush(connection_.get());
        if (left < 0) lose("send");
        if (left == 0) return;
        wait(true);
        // The server may be waiting for us to read before it reads on.
        if (PQconsumeInput(connection_.get()) != 1) lose("receive");
    }
}

pg_result* PgConnection::next()
{
    auto* const connection = connection_.get();
    while (PQisBusy(connection)) {
        if (PQstatus(connection) == CONNECTION_BAD) lose("receive");
        wait(false);
        if (PQconsumeInput(connection) != 1) lose("receive");
    }
    return PQgetResult(connection);
}

void PgConnection::conclude()
{
    if (std::exchange(concluded_, true)) return;
    if (PQpipelineSync(connection_.get()) != 1) lose("sync");
    start();
}

bool PgConnection::answered_before(int other)
{
    if (!PQisBusy(connection_.get())) return true;
    std::array<pollfd, 2> waited{{{PQsocket(connection_.get()), POLLIN, 0}, {other, POLLIN, 0}}};
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(answer_by_ - std::chrono::steady_clock::now());
    int const ready = left.count() <= 0 ? 0 : poll(waited.data(), waited.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) lose("poll");
    return ready == 0 || (ready > 0 && waited[0].revents != 0);
}

std::vector<Rows> PgConnection::finish()
{
    auto* const connection = connection_.get();
    conclude();
    concluded_ = false;
    auto const queued = std::exchange(queued_, {});
    preparing_.clear();

    std::vector<Rows> answers;
    std::optional<PgError> error;
    for (auto const& entry : queued) {
        Rows answer{next()};
        auto const* const result = answer.raw();
        auto const status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
            if (entry.preparing) prepared_.insert(entry.statement->name);
            else answers.push_back(std::move(answer));
        } else if (last_words(result)) {
            throw PgError{PgError::Kind::lost, PQresultErrorField(result, PG_DIAG_SQLSTATE), PQresultErrorMessage(result), &entry != &queued.back()};
        } else if (status != PGRES_PIPELINE_ABORTED && !error) {
            auto const* const state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
            auto const* const message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
            error.emplace(PgError::Kind::refused, state ? state : "",
                          fmt::format("{}: {}", entry.statement ? entry.statement->name : "plain",
                                      message ? message : PQerrorMessage(connection)));
        }
        if (PQstatus(connection) == CONNECTION_BAD) {
            if (error) throw PgError{PgError::Kind::lost, error->state(), error->what()};
            lose("receive");
        }
        // Anything else than the end of this answer, and then of all, is the server's last words, whenever they come.
        if (result) {
            Rows const end{next()};
            if (end.raw()) lose("out of step");
        }
    }
    Rows const sync{next()};
    if (PQstatus(connection) == CONNECTION_BAD || PQresultStatus(sync.raw()) != PGRES_PIPELINE_SYNC) lose("receive");
    if (std::exchange(unconfirmed_, false)) throw PgError{PgError::Kind::lost, "", "the standby did not confirm the commit"};
    if (error) throw *error;
    return answers;
}

Rows PgConnection::run(Statement const& statement, Params const& params)
{
    send(statement, params);
    auto answers = finish();
    return std::move(answers.front());
}

void PgConnection::run_plain(char const* sql)
{
    send_plain(sql);
    finish();
}

void PgConnection::run_script(std::string const& sql)
{
    auto* const connection = connection_.get();
    GW_ASSERT(queued_.empty() && PQexitPipelineMode(connection) == 1);
    // Migrations may take longer than a statement of daily work: no bound here but the server's own.
    PQsetnonblocking(connection, 0);
    Rows const answer{PQexec(connection, sql.c_str())};
    auto const* const result = answer.raw();
    auto const status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        auto const* const state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
        std::string const what = PQerrorMessage(connection);
        throw PgError{PQstatus(connection) == CONNECTION_OK ? PgError::Kind::refused : PgError::Kind::lost, state ? state : "", what};
    }
    PQsetnonblocking(connection, 1);
    PQenterPipelineMode(connection);
}

void PgConnection::rollback()
{
    if (PQstatus(connection_.get()) != CONNECTION_OK) lose("rollback");
    try {
        if (!queued_.empty()) finish();
    } catch (PgError const& error) {
        if (error.kind() == PgError::Kind::lost) throw;
    }
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) run_plain("ROLLBACK");
}

}  // namespace store::detail
