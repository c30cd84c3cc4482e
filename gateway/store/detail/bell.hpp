#pragma once

// Wakes a thread that waits for a file as well (eventfd(2)). Threads: ring() any, the rest one.

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace store::detail {

class Bell {
public:
    Bell() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
    {
        if (fd_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
    }
    ~Bell() { ::close(fd_); }
    Bell(Bell const&) = delete;
    Bell& operator=(Bell const&) = delete;

    void ring() noexcept
    {
        std::uint64_t const one = 1;
        (void)!::write(fd_, &one, sizeof one);  // full only where it rings already
    }
    void silence() noexcept
    {
        std::uint64_t rung = 0;
        (void)!::read(fd_, &rung, sizeof rung);
    }
    [[nodiscard]] int fd() const noexcept { return fd_; }  // can be read while it rings

private:
    int fd_;
};

}  // namespace store::detail
