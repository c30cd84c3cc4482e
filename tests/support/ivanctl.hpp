#pragma once

// The real program ivanctl, run to its end. Threads: the test's. Errors: std::runtime_error where it cannot be run at all.

#include <boost/json.hpp>

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace support {

struct Ran {
    int status = -1;   // its exit status
    std::string text;  // what it said, errors too
    [[nodiscard]] boost::json::value json() const { return boost::json::parse(text); }
};

// No argument may hold a single quote.
inline Ran ivanctl(std::vector<std::string> const& arguments)
{
    std::string command = IVAN_BINARY_DIR "/bin/ivanctl";
    for (auto const& argument : arguments) command += " '" + argument + "'";
    command += " 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot run " + command);
    Ran ran;
    std::array<char, 4096> chunk{};
    for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) ran.text.append(chunk.data(), n);
    int const status = ::pclose(pipe);
    if (!WIFEXITED(status)) throw std::runtime_error("did not end by itself: " + command);
    ran.status = WEXITSTATUS(status);
    return ran;
}

}  // namespace support
