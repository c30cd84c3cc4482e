#include "gateway/revocation/kept.hpp"

#include <boost/json.hpp>

#include <cstdint>

namespace revocation {
namespace {

namespace json = boost::json;

// Far from the end of what an Instant can count (2262), so that sums of it with any bound are times too.
constexpr std::int64_t seconds_max = 4'102'444'800;  // 2100-01-01

std::optional<Kind> kind_from(std::string_view name)
{
    for (auto const kind : {Kind::crl, Kind::delta, Kind::ocsp})
        if (name == name_of(kind)) return kind;
    return std::nullopt;
}

std::string text_in(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<Instant> time_in(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    if (!value || !value->is_int64() || value->get_int64() < 0 || value->get_int64() > seconds_max) return std::nullopt;
    return Instant{std::chrono::seconds{value->get_int64()}};
}

}  // namespace

std::optional<KeptFile> read_kept(std::string_view file)
{
    auto const end = file.substr(0, kept_header_bytes_max).find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    boost::system::error_code broken;
    auto const header = json::parse(file.substr(0, end), broken);
    if (broken || !header.is_object()) return std::nullopt;
    auto const& object = header.get_object();
    auto const kind = kind_from(text_in(object, "kind"));
    auto const fetched_at = time_in(object, "fetched_at");
    KeptFile read{text_in(object, "key"), {}};
    if (read.key.empty() || !kind || !fetched_at) return std::nullopt;
    Version version{text_in(object, "etag"), text_in(object, "last_modified")};
    if (!usable_validator(version.etag) || !usable_validator(version.last_modified)) return std::nullopt;
    read.piece = {*kind, text_in(object, "url"), std::move(version), *fetched_at, std::string{file.substr(end + 1)}};
    return read;
}

std::string kept_header(std::string_view key, Kept const& piece)
{
    auto const fetched_at = std::chrono::duration_cast<std::chrono::seconds>(piece.fetched_at.time_since_epoch()).count();
    json::object const header{{"key", key},
                              {"kind", name_of(piece.kind)},
                              {"url", piece.url},
                              {"etag", piece.version.etag},
                              {"last_modified", piece.version.last_modified},
                              {"fetched_at", fetched_at}};
    return json::serialize(header) + "\n";
}

}  // namespace revocation
