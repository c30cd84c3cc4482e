#pragma once

// What was read and not yet used, in a block that is held only while there is something in it or a read is being tried. Blocks come
// from the core's BufferPool, so that thousands of waiting connections share a few.
//
// Threads: a pool and its buffers belong to one core. The pool outlives them.
// Bounds:  a block has the pool's size; the pool keeps `spare_max` blocks that nobody holds.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace runtime {

class BufferPool {
public:
    using Block = std::unique_ptr<char[]>;

    explicit BufferPool(std::size_t block_bytes, std::size_t spare_max = 8) : block_bytes_{block_bytes}, spare_max_{spare_max} {}
    BufferPool(BufferPool const&) = delete;
    BufferPool& operator=(BufferPool const&) = delete;

    [[nodiscard]] Block take()
    {
        if (spare_.empty()) return Block{new char[block_bytes_]};  // not zeroed: pages are touched when bytes arrive
        auto block = std::move(spare_.back());
        spare_.pop_back();
        return block;
    }
    void give_back(Block block)
    {
        if (spare_.size() < spare_max_) spare_.push_back(std::move(block));
    }
    [[nodiscard]] std::size_t block_bytes() const noexcept { return block_bytes_; }
    [[nodiscard]] std::size_t spare() const noexcept { return spare_.size(); }

private:
    std::size_t block_bytes_, spare_max_;
    std::vector<Block> spare_;
};

class ReadBuffer {
public:
    explicit ReadBuffer(BufferPool& pool) noexcept : pool_{pool} {}
    ReadBuffer(ReadBuffer const&) = delete;
    ReadBuffer& operator=(ReadBuffer const&) = delete;
    ~ReadBuffer()
    {
        if (block_) pool_.give_back(std::move(block_));
    }

    [[nodiscard]] std::string_view text() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] bool full() const noexcept { return size() == pool_.block_bytes(); }
    [[nodiscard]] bool held() const noexcept { return block_ != nullptr; }

    // Room behind the text: all the block has. Takes a block where none is held; text() moves to the block's front.
    [[nodiscard]] std::span<char> room()
    {
        if (!block_) block_ = pool_.take();
        if (begin_ > 0) {
            std::memmove(block_.get(), block_.get() + begin_, size());
            end_ -= std::exchange(begin_, 0);
        }
        return {block_.get() + end_, pool_.block_bytes() - end_};
    }
    void commit(std::size_t bytes) noexcept { end_ += bytes; }
    void consume(std::size_t bytes) noexcept
    {
        begin_ += std::min(bytes, size());
        if (empty()) begin_ = end_ = 0;
    }
    // Gives the block back where nothing is in it.
    void rest()
    {
        if (block_ && empty()) pool_.give_back(std::move(block_));
    }

private:
    BufferPool& pool_;
    BufferPool::Block block_;  // null: not held, and empty
    std::size_t begin_ = 0, end_ = 0;
};

}  // namespace runtime
