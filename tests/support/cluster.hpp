#pragma once

// A PostgreSQL of one test's own, for what would harm every other test: stopped, crashed, read-only, failed over to a standby.
// Migrated; destroyed at the end. Making one takes seconds, so a test makes one only where a database of the shared cluster will
// not do. Threads: one.

#include "gateway/store/postgres.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/temporary_directory.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace support {

class Cluster {
public:
    Cluster()
    {
        run("start", folder());
        store::migrate(url());
    }
    Cluster(Cluster const&) = delete;
    Cluster& operator=(Cluster const&) = delete;
    ~Cluster()
    {
        for (auto const& each : {folder(), standby_folder()})
            if (std::filesystem::exists(each)) std::system((tool("destroy", each) + " >/dev/null 2>&1").c_str());
    }

    [[nodiscard]] std::string url() const { return run("url", folder()); }
    void start() const { run("start", folder()); }
    void stop() const { run("stop", folder()); }
    void crash() const { run("crash", folder()); }

    // From now on every commit waits until the standby has it too.
    void add_standby() const { run("standby", standby_folder() + " " + folder()); }
    void promote_standby() const { run("promote", standby_folder()); }
    void stop_standby() const { run("stop", standby_folder()); }
    void start_standby() const { run("start", standby_folder()); }
    // One URL of both, for whichever can be written to.
    [[nodiscard]] std::string url_of_both() const { return run("url", folder() + " " + standby_folder()); }
    [[nodiscard]] std::string standby_url() const { return run("url", standby_folder()); }

    void execute(std::string const& sql) const { ask(url(), sql); }
    [[nodiscard]] std::string value(std::string const& sql) const { return ask(url(), sql); }

private:
    [[nodiscard]] std::string folder() const { return (directory_.path() / "db").string(); }
    [[nodiscard]] std::string standby_folder() const { return (directory_.path() / "standby").string(); }
    static std::string tool(std::string const& verb, std::string const& folders) { return std::string{IVAN_SOURCE_DIR "/ops/cluster "} + verb + " " + folders; }
    static std::string run(std::string const& verb, std::string const& folders)
    {
        std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen((tool(verb, folders) + " 2>/dev/null").c_str(), "r"), pclose};
        if (!pipe) throw std::runtime_error("cannot run ops/cluster");
        std::string out;
        std::array<char, 512> piece;
        while (auto const got = std::fread(piece.data(), 1, piece.size(), pipe.get())) out.append(piece.data(), got);
        if (pclose(pipe.release()) != 0) throw std::runtime_error("failed: " + tool(verb, folders));
        while (!out.empty() && out.back() == '\n') out.pop_back();
        return out;
    }

    TemporaryDirectory directory_;
};

}  // namespace support
