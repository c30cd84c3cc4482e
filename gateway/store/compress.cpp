#include "gateway/store/detail/compress.hpp"

#include "gateway/runtime/assert.hpp"
#include "gateway/store/detail/armour.hpp"
#include "gateway/store/detail/dictionary.hpp"
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
constexpr std::size_t short_header = 5, long_header = 11;
constexpr int zstd_level = 1;  // 24 % less WAL than lz4 for 15 µs; higher levels cost more than they give
// A form stands in the envelope's base64, its signature and certificate in base64 in the form. Undone both times, the
// certificate of form and envelope is the same bytes however their lines were broken, and is stored once.
constexpr unsigned levels_max = 2;
constexpr std::size_t dictionary_pays_max = 64u << 10;  // bytes: LZ4 looks no further back, and what is longer has a vocabulary of its own
constexpr std::size_t lz4_ratio_max = 255;  // a byte of a match's length stands for 255 at most (LZ4 block format)

char long_kind(Codec codec)
{
    switch (codec) {
        case Codec::none: return 'N';
        case Codec::lz4: return 'L';
        case Codec::zstd: return 'Z';
    }
    __builtin_unreachable();
}

struct Free {
    void operator()(LZ4_stream_t* state) const { LZ4_freeStream(state); }
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
    void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

template <class T>
Owned<T> owned(T* made)
{
    if (made == nullptr) throw std::bad_alloc{};
    return Owned<T>{made};
}

// A dictionary, digested once for each compressor; immutable and shared by all threads.
struct Digested {
    explicit Digested(unsigned number) : text{dictionary(number)}
    {
        LZ4_loadDict(lz4.get(), text.data(), static_cast<int>(text.size()));
    }
    std::string_view text;
    Owned<LZ4_stream_t> lz4 = owned(LZ4_createStream());
    Owned<ZSTD_CDict> to_zstd = owned(ZSTD_createCDict(text.data(), text.size(), zstd_level));
    Owned<ZSTD_DDict> from_zstd = owned(ZSTD_createDDict(text.data(), text.size()));
};

// REQUIRES: a number there is.
Digested const& digested(unsigned number)
{
    static_assert(dictionary_newest == 1, "one static for each number");
    GW_ASSERT(number == 1);
    static Digested const first{1};
    return first;
}

// What a thread keeps.
struct Kept {
    Scratch stripped[levels_max];
    Owned<LZ4_stream_t> lz4 = owned(LZ4_createStream());
    Owned<ZSTD_CCtx> to_zstd;  // of more memory than the rest, and only where it is used
    Owned<ZSTD_DCtx> from_zstd;

    static Kept& here()
    {
        thread_local Kept kept;
        return kept;
    }
    void shrink()
    {
        for (auto& scratch : stripped) scratch.shrink();
    }
};

std::size_t compress_lz4(Kept& kept, unsigned dictionary, std::string_view bytes, char* room, int size_max)
{
    auto const size = static_cast<int>(bytes.size());
    if (dictionary == 0) return static_cast<std::size_t>(LZ4_compress_fast_extState(kept.lz4.get(), bytes.data(), room, size, size_max, 1));
    *kept.lz4 = *digested(dictionary).lz4;  // as LZ4's manual allows: cheaper than loading it anew
    return static_cast<std::size_t>(LZ4_compress_fast_continue(kept.lz4.get(), bytes.data(), room, size, size_max, 1));
}

// 0 on any trouble, as LZ4 has it.
std::size_t compress_zstd(Kept& kept, unsigned dictionary, std::string_view bytes, char* room, std::size_t size_max)
{
    if (!kept.to_zstd) kept.to_zstd = owned(ZSTD_createCCtx());
    auto* const context = kept.to_zstd.get();
    auto const size = dictionary == 0
        ? ZSTD_compressCCtx(context, room, size_max, bytes.data(), bytes.size(), zstd_level)
        : ZSTD_compress_usingCDict(context, room, size_max, bytes.data(), bytes.size(), digested(dictionary).to_zstd.get());
    return ZSTD_isError(size) ? 0 : size;
}

// Compressed, in `scratch`; nothing where that is not shorter.
std::optional<std::string_view> compress(Kept& kept, Codec codec, unsigned dictionary, std::string_view bytes, Scratch& scratch)
{
    std::size_t size = 0;
    char* room = nullptr;
    switch (codec) {
        case Codec::none: return std::nullopt;
        case Codec::lz4: {
            auto const bound = LZ4_compressBound(static_cast<int>(bytes.size()));
            room = scratch.room(static_cast<std::size_t>(bound));
            size = compress_lz4(kept, dictionary, bytes, room, bound);
            break;
        }
        case Codec::zstd: {
            auto const bound = ZSTD_compressBound(bytes.size());
            room = scratch.room(bound);
            size = compress_zstd(kept, dictionary, bytes, room, bound);
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

int decompress_lz4(unsigned dictionary, std::string_view compressed, char* out, std::size_t size)
{
    auto const from = static_cast<int>(compressed.size()), to = static_cast<int>(size);
    if (dictionary == 0) return LZ4_decompress_safe(compressed.data(), out, from, to);
    auto const text = digested(dictionary).text;
    return LZ4_decompress_safe_usingDict(compressed.data(), out, from, to, text.data(), static_cast<int>(text.size()));
}

std::size_t decompress_zstd(Kept& kept, unsigned dictionary, std::string_view compressed, char* out, std::size_t size)
{
    if (!kept.from_zstd) kept.from_zstd = owned(ZSTD_createDCtx());
    auto* const context = kept.from_zstd.get();
    if (dictionary == 0) return ZSTD_decompressDCtx(context, out, size, compressed.data(), compressed.size());
    return ZSTD_decompress_usingDDict(context, out, size, compressed.data(), compressed.size(), digested(dictionary).from_zstd.get());
}

void put_size(std::string& out, std::size_t size)
{
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift);
}

// A packed value, read from its front.
struct Packed {
    Codec codec = Codec::none;
    unsigned levels = 0, dictionary = 0;
    std::size_t size = 0, stripped_size = 0;
    std::string_view compressed;

    static std::optional<Packed> open(std::string_view value)
    {
        if (value.size() < short_header) return std::nullopt;
        auto const byte_at = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(value[at])); };
        auto const size_at = [&](std::size_t at) {
            return std::size_t{byte_at(at) | byte_at(at + 1) << 8 | byte_at(at + 2) << 16 | byte_at(at + 3) << 24};
        };
        for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
            if (value[0] == static_cast<char>(codec)) return Packed{codec, 0, 0, size_at(1), size_at(1), value.substr(short_header)};
            if (value[0] != long_kind(codec)) continue;
            if (value.size() < long_header) return std::nullopt;
            return Packed{codec, byte_at(5), byte_at(6), size_at(1), size_at(7), value.substr(long_header)};
        }
        return std::nullopt;
    }
    [[nodiscard]] bool sound(std::size_t bytes_max) const
    {
        if (size > bytes_max || size > bytes_ever || stripped_size > size || compressed.size() > bytes_ever) return false;
        if (levels > levels_max || (levels == 0 && stripped_size != size)) return false;
        if (dictionary > (codec == Codec::none ? 0 : dictionary_newest)) return false;
        return plausible(codec, compressed, stripped_size);
    }
    // Exactly stripped_size bytes, or false. REQUIRES: a sound value.
    [[nodiscard]] bool decompress(Kept& kept, char* out) const
    {
        switch (codec) {
            case Codec::none: compressed.copy(out, stripped_size); return true;
            case Codec::lz4: return std::cmp_equal(decompress_lz4(dictionary, compressed, out, stripped_size), stripped_size);
            case Codec::zstd: return decompress_zstd(kept, dictionary, compressed, out, stripped_size) == stripped_size;
        }
        __builtin_unreachable();
    }
};

// Puts the armour on again, once for each level; the forms between are never longer than the whole.
std::optional<std::string> armoured(Kept& kept, std::string_view form, unsigned levels, std::size_t size)
{
    for (; levels > 1; --levels) {
        auto const between = armoured_size(form, size);
        if (!between) return std::nullopt;
        auto* const room = kept.stripped[1].room(*between);
        restore_armour(form, room);
        form = {room, *between};
    }
    if (armoured_size(form, size) != size) return std::nullopt;
    std::string out(size, '\0');
    restore_armour(form, out.data());
    return out;
}

std::optional<std::string> unpacked(Kept& kept, Packed const& packed)
{
    if (packed.levels == 0) {
        std::string out(packed.size, '\0');
        if (!packed.decompress(kept, out.data())) return std::nullopt;
        return out;
    }
    auto* const room = kept.stripped[0].room(packed.stripped_size);
    if (!packed.decompress(kept, room)) return std::nullopt;
    return armoured(kept, {room, packed.stripped_size}, packed.levels, packed.size);
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
    auto const wanted = form.size() <= dictionary_pays_max ? dictionary_newest : 0;
    // What the form was made from is not needed any more.
    auto const compressed = compress(kept, codec, wanted, form, kept.stripped[levels == 1 ? 1 : 0]);
    auto const used = compressed ? codec : Codec::none;
    auto const dictionary = compressed ? wanted : 0;
    auto const content = compressed.value_or(form);

    std::string out;
    out.reserve(long_header + content.size());
    bool const is_long = levels > 0 || dictionary > 0;
    out += is_long ? long_kind(used) : static_cast<char>(used);
    put_size(out, bytes.size());
    if (is_long) {
        out += static_cast<char>(levels);
        out += static_cast<char>(dictionary);
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
    auto out = unpacked(kept, *packed);
    kept.shrink();
    return out;
}

}  // namespace store::detail
