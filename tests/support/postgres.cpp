#include "tests/support/postgres.hpp"

#include "gateway/store/postgres.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace support {

namespace {

std::string output_of(std::string const& command)
{
    std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
    if (!pipe) throw std::runtime_error("cannot run " + command);
    std::string out;
    std::array<char, 4096> piece;
    while (auto const got = std::fread(piece.data(), 1, piece.size(), pipe.get())) out.append(piece.data(), got);
    if (pclose(pipe.release()) != 0) throw std::runtime_error("failed: " + command);
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

std::string with_database(std::string url, std::string const& name)
{
    auto const begin = url.find("@/") + 2;
    return url.replace(begin, url.find('?') - begin, name);
}

}  // namespace

std::string ask(std::string const& url, std::string const& sql)
{
    std::unique_ptr<PGconn, void (*)(PGconn*)> const connection{PQconnectdb(url.c_str()), PQfinish};
    PQsetNoticeProcessor(connection.get(), [](void*, char const*) {}, nullptr);
    std::unique_ptr<PGresult, void (*)(PGresult*)> const result{PQexec(connection.get(), sql.c_str()), PQclear};
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

Database& Database::shared()
{
    static Database database;
    return database;
}

Database::Database()
{
    auto const* const given = std::getenv("IVAN_TEST_DATABASE");
    std::string const directory = given ? given : IVAN_BINARY_DIR "/testdb";
    std::string const cluster = IVAN_SOURCE_DIR "/ops/cluster ";
    if (!given) output_of(cluster + "start '" + directory + "'");
    admin_url_ = output_of(cluster + "url '" + directory + "'");
    name_ = "ivan_test_" + std::to_string(getpid());
    url_ = with_database(admin_url_, name_);
    ask(admin_url_, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    ask(admin_url_, "CREATE DATABASE " + name_);
    store::migrate(url_);
}

Database::~Database()
{
    try {
        ask(admin_url_, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
        ask(admin_url_, "DROP DATABASE IF EXISTS " + name_ + "_empty WITH (FORCE)");
    } catch (std::exception const& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
}

void Database::execute(std::string const& sql) { ask(url_, sql); }

std::string Database::value(std::string const& sql) { return ask(url_, sql); }

void Database::reset()
{
    // DELETE, not TRUNCATE: of small tables it is a hundred times quicker. Children of providers go before it.
    execute("DO $$ DECLARE t text; BEGIN FOR t IN SELECT quote_ident(c.relname) FROM pg_class c "
            "WHERE c.relnamespace = 'ivan'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relname <> 'schema_migrations' ORDER BY c.relname = 'providers' LOOP EXECUTE 'DELETE FROM ivan.' || t; "
            "END LOOP; END $$");
}

std::string Database::empty_database()
{
    auto const name = name_ + "_empty";
    ask(admin_url_, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    ask(admin_url_, "CREATE DATABASE " + name);
    return with_database(admin_url_, name);
}

}  // namespace support
