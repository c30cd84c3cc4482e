// The header of a file of kept evidence: any bytes are passed over, or a piece that is written and read again as it was.

#include "gateway/revocation/kept.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;
using namespace std::chrono_literals;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    auto const read = revocation::read_kept(text);
    if (!read) return 0;
    auto const& piece = read->piece;
    must(!read->key.empty() && piece.bytes.size() < size && text.ends_with(piece.bytes));
    must(fuzz::utf8(read->key) && fuzz::utf8(piece.url));
    must(revocation::usable_validator(piece.version.etag) && revocation::usable_validator(piece.version.last_modified));
    must(piece.fetched_at + 24h * 365 * 100 > piece.fetched_at);

    auto const header = revocation::kept_header(read->key, piece);
    // JSON says a letter in up to six ways, and ours may be the longer one (\u00XX for a byte below a space): such a header
    // may outgrow the bound, and no address or key of ours has those bytes.
    auto const again = revocation::read_kept(header + piece.bytes);
    must(again.has_value() || header.size() > revocation::kept_header_bytes_max);
    if (!again) return 0;
    must(again->key == read->key && again->piece.kind == piece.kind && again->piece.url == piece.url && again->piece.bytes == piece.bytes);
    must(again->piece.version.etag == piece.version.etag && again->piece.version.last_modified == piece.version.last_modified);
    must(again->piece.fetched_at == piece.fetched_at);
    return 0;
}
