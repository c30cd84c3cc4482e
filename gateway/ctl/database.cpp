#include "gateway/ctl/database.hpp"

#include <stdexcept>

namespace ctl {
namespace {

store::StoreConfig small(std::string const& url)
{
    store::StoreConfig config;
    config.database_url = url;
    config.connections_max = 1;
    return config;
}

dossier::Receipt never(dossier::ReceiptFacts const&)
{
    throw std::logic_error("ivanctl seals no receipts");
}

}  // namespace

void DatabaseOption::declare(CLI::App& command)
{
    command.add_option("--database-url", url, "The hub's database, as a libpq URL")->envname("IVAN_DATABASE_URL")->required();
}

Database::Database(std::string const& url) : postgres_{small(url), &never, metrics_} {}

}  // namespace ctl
