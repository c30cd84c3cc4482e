#pragma once

// Room for bytes on their way: kept between uses, not cleared, and given back where one use has needed much.
//
// Threads: one thread's, so mostly thread_local.

#include <cstddef>
#include <memory>

namespace store::detail {

class Scratch {
public:
    static constexpr std::size_t kept_max = 1536u << 10;  // bytes: a dossier of a thousand employees; fresh pages cost as much as packing

    // What was there before is gone.
    [[nodiscard]] char* room(std::size_t size)
    {
        if (size > size_) {
            bytes_.reset();
            bytes_.reset(new char[size]);  // not make_unique, which would clear it
            size_ = size;
        }
        return bytes_.get();
    }
    void shrink()
    {
        if (size_ > kept_max) *this = Scratch{};
    }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t             size_ = 0;
};

}  // namespace store::detail
