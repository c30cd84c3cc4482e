#include "gateway/store/audit.hpp"

#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "signing/digest.hpp"

#include <chrono>
#include <stdexcept>

namespace store {

namespace {

constexpr std::int64_t page = 200;
constexpr std::size_t body_bytes_max = 1u << 30;

// Key by key, so that no cursor holds back vacuum while the caller thinks.
constexpr detail::Statement page_statement{
    "audit_page",
    "SELECT agency, received_at, dossier_id::text, case_code, provider, idempotency_key, unit_code, content_sha256, body, "
    "receipt_xml, receipt_json FROM ivan.dossiers WHERE received_at >= $1::timestamptz "
    "AND (agency, received_at, dossier_id) > ($2::text, $3::timestamptz, $4::text::uuid) "
    "ORDER BY agency, received_at, dossier_id LIMIT $5::bigint"};

std::string unpacked(std::string_view packed, std::string_view what, std::string const& dossier_id)
{
    auto bytes = detail::unpack(packed, body_bytes_max);
    if (!bytes) throw std::runtime_error("the stored " + std::string{what} + " of " + dossier_id + " is damaged");
    return std::move(*bytes);
}

StoredRow row_of(detail::Rows const& rows, std::size_t n)
{
    StoredRow row;
    row.agency = rows.string(n, 0);
    row.received_at = rows.instant(n, 1);
    row.dossier_id = rows.string(n, 2);
    row.case_code = rows.string(n, 3);
    row.provider = rows.string(n, 4);
    row.idempotency_key = rows.string(n, 5);
    row.unit_code = rows.string(n, 6);
    row.content_sha256 = signing::hex(rows.text(n, 7));
    row.body = unpacked(rows.text(n, 8), "body", row.dossier_id);
    row.receipt_xml = unpacked(rows.text(n, 9), "receipt", row.dossier_id);
    row.receipt_json = unpacked(rows.text(n, 10), "answer", row.dossier_id);
    return row;
}

} // namespace

std::uint64_t for_each_stored(std::string const& database_url, runtime::Instant from,
                              std::function<bool(StoredRow const&)> const& visit)
{
    detail::PgConnection connection{database_url, std::chrono::seconds{5}, std::chrono::seconds{60}};
    std::uint64_t visited = 0;
    std::string agency, dossier_id = "00000000-0000-0000-0000-000000000000";
    auto at = from;
    for (;;) {
        detail::Params params;
        params.instant(from).text(agency).instant(at).text(dossier_id).number(page);
        auto const rows = connection.run(page_statement, params);
        for (std::size_t n = 0; n < rows.count(); ++n) {
            auto const row = row_of(rows, n);
            ++visited;
            if (!visit(row)) return visited;
            agency = row.agency;
            at = row.received_at;
            dossier_id = row.dossier_id;
        }
        if (rows.count() < static_cast<std::size_t>(page)) return visited;
    }
}

} // namespace store
