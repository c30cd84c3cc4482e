#include "gateway/intake/unpack.hpp"

#include "gateway/intake/framing.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace intake {
namespace {

constexpr int window_log_max = 23;  // zstd's window costs memory we did not reserve: 8 MiB, what its levels up to 19 use

fault::Fault broken(std::string_view detail) { return {fault::FaultCode::encoding_broken, std::string{detail}, {}, {}}; }

}  // namespace

std::optional<Encoding> encoding_of(std::string_view content_encoding)
{
    if (content_encoding.empty() || equal_ignoring_case(content_encoding, "identity")) return Encoding::none;
    // RFC 9110 §8.4.1.3: x-gzip means gzip.
    if (equal_ignoring_case(content_encoding, "gzip") || equal_ignoring_case(content_encoding, "x-gzip")) return Encoding::gzip;
    if (equal_ignoring_case(content_encoding, "zstd")) return Encoding::zstd;
    return std::nullopt;
}

// What one decoder did: how far it came, and whether the body's end was reached.
struct Unpacker::Engine {
    enum class End { more, whole, broken };
    struct Progress { std::size_t read, written; End end; };
    virtual ~Engine() = default;
    virtual Progress run(std::string_view in, char* out, std::size_t room) = 0;
};

namespace {

template <class Base>
class Gzip final : public Base {
public:
    Gzip()
    {
        // 16: a gzip header and nothing else (zlib.h, inflateInit2).
        if (inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) throw std::runtime_error("zlib does not start");
    }
    Gzip(Gzip const&) = delete;
    Gzip& operator=(Gzip const&) = delete;
    ~Gzip() override { inflateEnd(&stream_); }

    typename Base::Progress run(std::string_view in, char* out, std::size_t room) override
    {
        auto const bounded = [](std::size_t n) { return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<int>::max())); };
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib reads it alone
        stream_.avail_in = bounded(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = bounded(room);
        auto const given = stream_.avail_in, space = stream_.avail_out;
        auto const result = inflate(&stream_, Z_NO_FLUSH);
        auto const end = result == Z_STREAM_END ? Base::End::whole
                         : result == Z_OK || result == Z_BUF_ERROR ? Base::End::more : Base::End::broken;
        return {given - stream_.avail_in, space - stream_.avail_out, end};
    }

private:
    z_stream stream_{};
};

template <class Base>
class Zstd final : public Base {
public:
    Zstd() : stream_{ZSTD_createDStream()}
    {
        if (!stream_) throw std::runtime_error("zstd does not start");
        ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window_log_max);
    }
    Zstd(Zstd const&) = delete;
    Zstd& operator=(Zstd const&) = delete;
    ~Zstd() override { ZSTD_freeDStream(stream_); }

    typename Base::Progress run(std::string_view in, char* out, std::size_t room) override
    {
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out, room, 0};
        auto const left = ZSTD_decompressStream(stream_, &to, &from);
        auto const end = ZSTD_isError(left) ? Base::End::broken : left == 0 ? Base::End::whole : Base::End::more;
        return {from.pos, to.pos, end};
    }

private:
    ZSTD_DStream* stream_;
};

}  // namespace

Unpacker::Unpacker(Encoding encoding, std::string_view packed, std::uint64_t unpacked_bytes_max)
    : packed_{packed}, bytes_max_{unpacked_bytes_max}
{
    if (encoding == Encoding::gzip)
        engine_ = std::make_unique<Gzip<Engine>>();
    else
        engine_ = std::make_unique<Zstd<Engine>>();
}
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker::~Unpacker() = default;

fault::Result<bool> Unpacker::step(std::uint64_t bytes)
{
    auto const before = out_.size();
    // One byte beyond the bound is asked for, so that a body of exactly the bound is told from a larger one.
    out_.resize(std::min(before + std::max<std::uint64_t>(bytes, 1), bytes_max_ + 1));
    auto end = Engine::End::more;
    auto written = before;
    while (end == Engine::End::more && written < out_.size()) {
        auto const progress = engine_->run(packed_, out_.data() + written, out_.size() - written);
        packed_.remove_prefix(progress.read);
        written += progress.written;
        end = progress.end;
        if (end == Engine::End::more && progress.read == 0 && progress.written == 0) return broken("cut short");
    }
    out_.resize(written);
    if (end == Engine::End::broken) return broken("not of its encoding");
    if (written > bytes_max_) return fault::Fault{fault::FaultCode::body_too_large, "unpacked", {}, {}};
    if (end == Engine::End::whole && !packed_.empty()) return broken("bytes after the end");
    return end == Engine::End::whole;
}

}  // namespace intake
