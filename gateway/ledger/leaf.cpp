#include "gateway/ledger/leaf.hpp"

#include "gateway/ledger/detail/octets.hpp"

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace ledger {
namespace {

constexpr char version = '\x01';
constexpr char kind_accepted = '\x01', kind_refused = '\x02';

std::string_view text_of(Hash const& hash) { return {reinterpret_cast<char const*>(hash.data()), hash.size()}; }

bool id_ok(std::string_view text)
{
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool const digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (dash ? text[i] != '-' : !digit) return false;
    }
    return true;
}

// Null where every field is within its bounds.
char const* trouble_of(Accepted const& entry)
{
    if (!id_ok(entry.dossier_id)) return "the dossier id is no UUID in lower case";
    if (entry.case_code.empty() || entry.case_code.size() > case_code_bytes_max) return "the case code is empty or too long";
    if (entry.provider.empty() || entry.provider.size() > provider_bytes_max) return "the provider's code is empty or too long";
    return nullptr;
}

char const* trouble_of(Refused const& entry)
{
    if (entry.fault_id.empty() || entry.fault_id.size() > fault_id_bytes_max) return "the fault's id is empty or too long";
    if (entry.provider.size() > provider_bytes_max) return "the provider's code is too long";
    return nullptr;
}

std::string laid_out(char kind, Time at, std::initializer_list<std::string_view> fields)
{
    std::string out{version, kind};
    detail::put_number<8>(out, static_cast<std::uint64_t>(std::int64_t{at.time_since_epoch().count()}));
    for (auto const field : fields) {
        detail::put_number<2>(out, field.size());
        out += field;
    }
    return out;
}

std::string written(Accepted const& entry)
{
    return laid_out(kind_accepted, entry.received_at,
                    {entry.dossier_id, entry.case_code, text_of(entry.content_sha256), text_of(entry.receipt_sha256), entry.provider});
}

std::string written(Refused const& entry)
{
    auto const content = entry.content_sha256 ? text_of(*entry.content_sha256) : std::string_view{};
    return laid_out(kind_refused, entry.at, {entry.fault_id, content, entry.provider});
}

// A field, and after the first that is missing nothing more.
class Fields {
public:
    explicit Fields(detail::Octets& in) : in_{in} {}

    std::string text()
    {
        auto const size = in_.number<2>();
        auto const bytes = size ? in_.take(*size) : std::nullopt;
        whole_ = whole_ && bytes;
        return std::string{bytes.value_or("")};
    }
    std::optional<Hash> hash()
    {
        auto const bytes = text();
        if (bytes.empty()) return std::nullopt;
        whole_ = whole_ && bytes.size() == sizeof(Hash);
        return whole_ ? std::optional{detail::hash_of(bytes)} : std::nullopt;
    }
    Hash hash_needed()
    {
        auto const read = hash();
        whole_ = whole_ && read;
        return read.value_or(Hash{});
    }
    [[nodiscard]] bool whole() const noexcept { return whole_ && in_.left() == 0; }

private:
    detail::Octets& in_;
    bool whole_ = true;
};

template <class Kind>
Result<Entry> checked(Kind entry, Fields const& fields)
{
    if (!fields.whole()) return Failure{Refusal::bytes_wrong, "an entry cut short, too long, or with a hash of another length"};
    if (auto const* trouble = trouble_of(entry)) return Failure{Refusal::field_wrong, trouble};
    return Entry{std::move(entry)};
}

}  // namespace

Result<std::string> bytes_of(Entry const& entry)
{
    if (auto const* trouble = std::visit([](auto const& kind) { return trouble_of(kind); }, entry))
        return Failure{Refusal::field_wrong, trouble};
    return std::visit([](auto const& kind) { return written(kind); }, entry);
}

Result<Entry> read_entry(std::string_view bytes)
{
    detail::Octets in{bytes};
    auto const head = in.take(2);
    auto const time = in.number<8>();
    if (!time || bytes.size() > entry_bytes_max || head->front() != version)
        return Failure{Refusal::bytes_wrong, "not an entry of version 1"};
    Time const at{std::chrono::microseconds{static_cast<std::int64_t>(*time)}};
    Fields fields{in};
    if (head->back() == kind_accepted) {
        Accepted entry;
        entry.received_at = at;
        entry.dossier_id = fields.text();
        entry.case_code = fields.text();
        entry.content_sha256 = fields.hash_needed();
        entry.receipt_sha256 = fields.hash_needed();
        entry.provider = fields.text();
        return checked(std::move(entry), fields);
    }
    if (head->back() == kind_refused) {
        Refused entry;
        entry.at = at;
        entry.fault_id = fields.text();
        entry.content_sha256 = fields.hash();
        entry.provider = fields.text();
        return checked(std::move(entry), fields);
    }
    return Failure{Refusal::bytes_wrong, "neither an accepted nor a refused dossier"};
}

}  // namespace ledger
