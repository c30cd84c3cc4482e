#pragma once

// The names of documents, each kept once and found again by its bytes: checked, split at its colon, and with the namespace it
// had last. And the account of what libxml2 would keep of a document's names, against XmlLimits::names_bytes_max.
//
// Threads: one thread's. Memory: bounded by names_max and bytes_max; kept from one document to the next, for they say the same.

#include "schemas/detail/xml_bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace schemas::detail {

struct Name {
    std::string_view whole;  // "prefix:local"
    std::string_view prefix, local;
    Sixteen          first;
    std::uint64_t    document = 0;     // the last one it was seen in
    std::uint64_t    resolved_at = 0;  // the state of bindings `uri` was found in; of elements only
    std::string_view uri;
    Name*            next = nullptr;   // of the element that began after the last one of this name: rows repeat each other
    WordAt           word;

    // REQUIRES: WordAt::readable bytes at `at`. False may mean that the name is too long to say.
    [[nodiscard]] bool stands_at(char const* at) const noexcept { return word.stands_at(at, whole.size()); }
};

class NameTable {
public:
    static constexpr std::size_t names_max = 512;          // of one document and of those before it; our forms have some 150
    static constexpr std::size_t bytes_max = 256u << 10;   // of what is kept

    void begin_document();

    // Stands for what comes before the root; its `next` is a root.
    [[nodiscard]] Name& before_root() noexcept { return before_root_; }

    // The name as kept. Null: no QName of ASCII, or there are too many. REQUIRES: size > 0; bytes up to `end` may be read.
    [[nodiscard]] Name* find(char const* name, std::size_t size, char const* end)
    {
        auto const first = first_sixteen(name, size, end);
        auto slot = hash(first, size);
        for (; slots_[slot] != nullptr; slot = (slot + 1) % slots_.size()) {
            auto& one = *slots_[slot];
            if (!(one.first == first) || one.whole.size() != size) continue;
            if (size > 16 && std::memcmp(one.whole.data() + 16, name + 16, size - 16) != 0) continue;
            if (one.document == document_) return &one;
            return seen(one) ? &one : nullptr;
        }
        return add({name, size}, first, slot);
    }

    // The name of a namespace, kept for as long as the names are. Null data: too many.
    [[nodiscard]] std::string_view keep_uri(std::string_view uri);

    // What the parser's dictionary would grow by beside.
    void count(std::size_t bytes) noexcept { counted_bytes_ += bytes; }
    // Of this document, counted rather too high: each name's parts as if no other had them.
    [[nodiscard]] std::size_t counted_bytes() const noexcept { return counted_bytes_; }

private:
    static std::size_t hash(Sixteen const& first, std::size_t size) noexcept
    {
        auto const mixed = (first.low ^ size) * 0x9E3779B97F4A7C15u + (first.high ^ size << 7) * 0xC2B2AE3D27D4EB4Fu;
        return static_cast<std::size_t>((mixed ^ mixed >> 29) >> 7) % slots_size;
    }
    bool seen(Name& name) noexcept;
    Name* add(std::string_view name, Sixteen const& first, std::size_t slot);
    std::string_view keep(std::string_view bytes);

    struct Uri {
        std::string_view uri;
        std::uint64_t document = 0;
    };

    static constexpr std::size_t slots_size = 2 * names_max;
    static constexpr std::size_t names_block = 32;  // made at once: an envelope has some 30 names, most forms 40 to 60
    std::array<Name*, slots_size> slots_{};
    Name before_root_;
    std::array<std::unique_ptr<Name[]>, names_max / names_block> names_;  // in blocks, since they stay where they are
    std::size_t names_count_ = 0;
    std::vector<Uri> uris_;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::size_t block_left_ = 0, kept_bytes_ = 0;
    std::uint64_t document_ = 0;
    std::size_t names_of_document_ = 0, counted_bytes_ = 0;
};

}  // namespace schemas::detail
