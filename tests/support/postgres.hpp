#pragma once

// A database of this test program's own, in the private cluster of the build folder (ops/cluster), with all migrations
// applied; dropped at the end. Threads: one.

#include <string>

namespace support {

// First column of the first row; "" where there is none. Throws std::runtime_error.
std::string ask(std::string const& url, std::string const& sql);

class Database {
public:
    // Made on first use; the cluster is started where it is down. Throws std::runtime_error.
    static Database& shared();

    [[nodiscard]] std::string const& url() const noexcept { return url_; }
    void reset();                                      // every table empty, as after migrating
    void execute(std::string const& sql);              // throws
    [[nodiscard]] std::string value(std::string const& sql);  // first column of the first row; "" where there is none
    [[nodiscard]] long count(std::string const& sql) { return std::stol(value(sql)); }

    // Another database without any table, for tests of migrate(). Dropped with this one.
    [[nodiscard]] std::string empty_database();

private:
    Database();
    ~Database();
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;
    std::string admin_url_, name_, url_;
};

}  // namespace support
