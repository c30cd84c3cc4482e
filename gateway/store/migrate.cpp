#include "gateway/store/detail/migrations.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/postgres.hpp"
#include "signing/digest.hpp"

#include <map>
#include <stdexcept>

namespace store {

namespace {

using namespace std::chrono_literals;

constexpr detail::Statement applied_statement{"applied", "SELECT version, sha256 FROM ivan.schema_migrations"};
constexpr detail::Statement record_statement{"record", "INSERT INTO ivan.schema_migrations (version, sha256) VALUES ($1::text, $2::text)"};

// Held until the connection ends: the second of two gateways waits here, and then finds everything done.
constexpr char const* lock_script = "SELECT pg_advisory_lock(hashtextextended('ivan.migrate', 0))";
constexpr char const* table_script =
    "CREATE SCHEMA IF NOT EXISTS ivan; CREATE TABLE IF NOT EXISTS ivan.schema_migrations (version text PRIMARY KEY, "
    "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

}  // namespace

std::vector<std::string> migrate(std::string const& database_url)
{
    using namespace detail;
    std::vector<std::string> applied_now;
    try {
        PgConnection::check_url(database_url);
        PgConnection connection{database_url, 10s, 600s};
        connection.run_script(lock_script);
        connection.run_script(table_script);

        std::map<std::string, std::string> applied;
        auto const rows = connection.run(applied_statement, Params{});
        for (std::size_t i = 0; i < rows.count(); ++i) applied[rows.string(i, 0)] = rows.string(i, 1);

        for (auto const& migration : migrations()) {
            std::string const version{migration.version};
            auto const checksum = signing::hex(signing::sha256(migration.sql));
            auto const found = applied.find(version);
            if (found != applied.end()) {
                if (found->second != checksum)
                    throw std::runtime_error("migration " + version + " was applied with other content than this program carries");
                applied.erase(found);
                continue;
            }
            connection.run_script("BEGIN;\n" + std::string{migration.sql});
            connection.run(record_statement, Params{}.text(version).text(checksum));
            connection.run_script("COMMIT");
            applied_now.push_back(version);
        }
        if (!applied.empty())
            throw std::runtime_error("the database is newer than this program: it has migration " + applied.begin()->first);
    } catch (PgError const& error) {
        throw std::runtime_error(std::string{"migrate: "} + error.what());
    }
    return applied_now;
}

}  // namespace store
