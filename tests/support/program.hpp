#pragma once

// The real gateway in a process of its own, from a file of configuration. Ready when constructed; killed when it goes.
//
// Threads: one. Errors: std::runtime_error where it does not start.

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

class Program {
public:
    explicit Program(std::filesystem::path const& config)
    {
        std::array<int, 2> pipe_ends{};
        if (::pipe(pipe_ends.data()) != 0) throw std::runtime_error("pipe");
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(pipe_ends[1], STDOUT_FILENO);
            ::close(pipe_ends[0]);
            ::execl(IVAN_BINARY_DIR "/bin/ivan-gateway", "ivan-gateway", "serve", "--config", config.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(pipe_ends[1]);
        read_ready_line(pipe_ends[0]);
        ::close(pipe_ends[0]);
    }
    ~Program() { end(SIGKILL); }
    Program(Program const&) = delete;
    Program& operator=(Program const&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return child_; }
    [[nodiscard]] std::string url() const { return "https://localhost:" + port_; }
    int end(int signal)
    {
        if (child_ <= 0) return 0;
        int status = 0;
        ::kill(child_, signal);
        ::waitpid(child_, &status, 0);
        child_ = 0;
        return status;
    }

private:
    void read_ready_line(int from)
    {
        std::string line;
        for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) line += c;
        auto const colon = line.find(':', line.find("://") + 3);
        if (!line.starts_with("ready ") || colon == std::string::npos) {
            end(SIGKILL);
            throw std::runtime_error("the gateway did not start: " + line);
        }
        port_ = line.substr(colon + 1, line.find(' ', colon) - colon - 1);
    }
    pid_t child_ = 0;
    std::string port_;
};

}  // namespace support
