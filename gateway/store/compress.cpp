#include "gateway/store/detail/compress.hpp"

#include "gateway/runtime/assert.hpp"
#include "gateway/store/detail/armour.hpp"
#include "gateway/store/detail/scratch.hpp"

#include <lz4.h>
#include <zstd.h>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace store::detail {

namespace {

constexpr std::size_t bytes_ever = 1u << 30;
constexpr std::size_t plain_header = 5, stripped_header = 11;
constexpr int zstd_level = 1;  // 24 % less WAL than lz4 for 15 µs; higher levels cost more than they give
// A form stands in the envelope's base64, its signature and certificate in base64 in the form. Undone both times, the
// certificate of form and envelope is the same bytes however their lines were broken, and is stored once.
constexpr unsigned levels_max = 2;
constexpr std::size_t lz4_ratio_max = 255;  // a byte of a match's length stands for 255 at most (LZ4 block format)

char stripped_kind(Codec codec)
{
    switch (codec) {
        case Codec::none: return 'N';
        case Codec::lz4: return 'L';
        case Codec::zstd: return 'Z';
    }
    __builtin_unreachable();
}

// What a thread keeps.
struct Kept {
    struct Free {
        void operator()(LZ4_stream_t* state) const { LZ4_freeStream(state); }
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    template <class T, class Make>
    static T* made(std::unique_ptr<T, Free>& kept, Make make)
    {
        if (!kept) kept.reset(make());
        if (!kept) throw std::bad_alloc{};
        return kept.get();
    }

    Scratch stripped[levels_max], compressed;
    std::unique_ptr<LZ4_stream_t, Free> lz4;
    std::unique_ptr<ZSTD_CCtx, Free> to_zstd;
    std::unique_ptr<ZSTD_DCtx, Free> from_zstd;

    static Kept& here()
    {
        thread_local Kept kept;
        return kept;
    }
    void shrink()
    {
        for (auto& scratch : stripped) scratch.shrink();
        compressed.shrink();
    }
};

// Compressed, in kept room; nothing where that is not shorter.
std::optional<std::string_view> compress(Kept& kept, Codec codec, std::string_view bytes)
{
    std::size_t size = 0;
    char* room = nullptr;
    auto const size_in = static_cast<int>(bytes.size());
    switch (codec) {
        case Codec::none: return std::nullopt;
        case Codec::lz4: {
            auto const bound = LZ4_compressBound(size_in);
            room = kept.compressed.room(static_cast<std::size_t>(bound));
            auto* const state = Kept::made(kept.lz4, LZ4_createStream);
            size = static_cast<std::size_t>(LZ4_compress_fast_extState(state, bytes.data(), room, size_in, bound, 1));
            break;
        }
        case Codec::zstd: {
            auto const bound = ZSTD_compressBound(bytes.size());
            room = kept.compressed.room(bound);
            size = ZSTD_compressCCtx(Kept::made(kept.to_zstd, ZSTD_createCCtx), room, bound, bytes.data(), bytes.size(), zstd_level);
            if (ZSTD_isError(size)) return std::nullopt;
            break;
        }
    }
    if (size == 0 || size >= bytes.size()) return std::nullopt;
    return std::string_view{room, size};
}

// Whether so many bytes can come of them at all: asked before memory is taken on a damaged word.
bool plausible(Codec codec, std::string_view compressed, std::size_t size)
{
    switch (codec) {
        case Codec::none: return compressed.size() == size;
        case Codec::lz4: return size <= compressed.size() * lz4_ratio_max;
        case Codec::zstd: return ZSTD_getFrameContentSize(compressed.data(), compressed.size()) == size;
    }
    __builtin_unreachable();
}

// Exactly `size` bytes, or false.
bool decompress(Kept& kept, Codec codec, std::string_view compressed, char* out, std::size_t size)
{
    switch (codec) {
        case Codec::none: compressed.copy(out, size); return true;
        case Codec::lz4: {
            auto const got = LZ4_decompress_safe(compressed.data(), out, static_cast<int>(compressed.size()), static_cast<int>(size));
            return got >= 0 && static_cast<std::size_t>(got) == size;
        }
        case Codec::zstd:
            return ZSTD_decompressDCtx(Kept::made(kept.from_zstd, ZSTD_createDCtx), out, size, compressed.data(), compressed.size()) == size;
    }
    __builtin_unreachable();
}

void put_size(std::string& out, std::size_t size)
{
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift);
}

// A packed value, read from its front.
struct Packed {
    Codec codec = Codec::none;
    unsigned levels = 0;
    std::size_t size = 0, stripped_size = 0;
    std::string_view compressed;

    static std::optional<Packed> open(std::string_view value)
    {
        if (value.size() < plain_header) return std::nullopt;
        auto const size_at = [&](std::size_t at) {
            std::size_t size = 0;
            for (std::size_t i = 0; i < 4; ++i) size |= static_cast<std::size_t>(static_cast<unsigned char>(value[at + i])) << (8 * i);
            return size;
        };
        for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
            if (value[0] == static_cast<char>(codec)) return Packed{codec, 0, size_at(1), size_at(1), value.substr(plain_header)};
            if (value[0] != stripped_kind(codec)) continue;
            if (value.size() < stripped_header || value[6] != 0) return std::nullopt;
            return Packed{codec, static_cast<unsigned char>(value[5]), size_at(1), size_at(7), value.substr(stripped_header)};
        }
        return std::nullopt;
    }
    [[nodiscard]] bool sound(std::size_t bytes_max) const
    {
        return size <= bytes_max && size <= bytes_ever && stripped_size <= size && compressed.size() <= bytes_ever &&
               levels <= levels_max && plausible(codec, compressed, stripped_size);
    }
};

// Puts the armour on again, once for each level; the forms between are never longer than the whole.
std::optional<std::string> restored(Kept& kept, Packed const& packed)
{
    auto* const room = kept.stripped[0].room(packed.stripped_size);
    if (!decompress(kept, packed.codec, packed.compressed, room, packed.stripped_size)) return std::nullopt;
    std::string_view form{room, packed.stripped_size};
    for (auto level = packed.levels; level > 1; --level) {
        auto const size = armoured_size(form, packed.size);
        if (!size) return std::nullopt;
        auto* const next = kept.stripped[1].room(*size);
        restore_armour(form, next);
        form = {next, *size};
    }
    if (armoured_size(form, packed.size) != packed.size) return std::nullopt;
    std::string out(packed.size, '\0');
    restore_armour(form, out.data());
    return out;
}

}  // namespace

std::optional<Codec> codec_from(std::string_view name)
{
    if (name == "none") return Codec::none;
    if (name == "lz4") return Codec::lz4;
    if (name == "zstd") return Codec::zstd;
    return std::nullopt;
}

std::string pack(Codec codec, std::string_view bytes)
{
    GW_ASSERT(bytes.size() <= bytes_ever);
    auto& kept = Kept::here();
    auto form = bytes;
    unsigned levels = 0;
    while (codec != Codec::none && levels < levels_max) {
        auto const stripped = strip_armour(form, kept.stripped[levels]);
        if (!stripped) break;
        form = *stripped;
        ++levels;
    }
    auto const compressed = compress(kept, codec, form);
    auto const used = compressed ? codec : Codec::none;
    auto const content = compressed.value_or(form);

    std::string out;
    out.reserve(stripped_header + content.size());
    out += levels == 0 ? static_cast<char>(used) : stripped_kind(used);
    put_size(out, bytes.size());
    if (levels > 0) {
        out += static_cast<char>(levels);
        out += '\0';
        put_size(out, form.size());
    }
    out += content;
    kept.shrink();
    return out;
}

std::optional<std::string> unpack(std::string_view value, std::size_t bytes_max)
{
    auto const packed = Packed::open(value);
    if (!packed || !packed->sound(bytes_max)) return std::nullopt;
    auto& kept = Kept::here();
    std::optional<std::string> out;
    if (packed->levels > 0) {
        out = restored(kept, *packed);
    } else {
        out.emplace(packed->size, '\0');
        if (!decompress(kept, packed->codec, packed->compressed, out->data(), packed->size)) out.reset();
    }
    kept.shrink();
    return out;
}

}  // namespace store::detail
