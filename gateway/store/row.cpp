#include "gateway/store/row.hpp"

#include "gateway/dossier/id.hpp"

#include <utility>

namespace store::detail {

Row row_of(Acceptance const& acceptance, Codec codec)
{
    Row row;
    row.facts = dossier::facts_of(acceptance.admitted.provider(), acceptance.verified, acceptance.valid, acceptance.content_sha256);
    row.facts.dossier_id = dossier::new_id(row.facts.received_at);
    row.packed_body = pack(codec, acceptance.verified.envelope().bytes());
    row.body = acceptance.body;
    row.idempotency_key = acceptance.idempotency_key;
    row.trace_id = acceptance.trace_id;
    row.corrects = acceptance.corrects;
    return row;
}

void seal(Row& row, Sealer const& sealer, Codec codec)
{
    auto const place = row.facts.log_index.value();
    if (row.sealed && row.sealed->case_code == row.facts.case_code && row.sealed->log_index == place) return;
    auto receipt = sealer(row.facts);
    auto xml = pack(codec, receipt.xml), json = pack(codec, receipt.json);
    row.sealed = Sealed{row.facts.case_code, place, std::move(receipt), std::move(xml), std::move(json)};
}

Claim claim_of(Row const& row, std::string const& case_code, std::int64_t sequence)
{
    Claim claim;
    claim.sequence = sequence;
    claim.dossier_id = row.facts.dossier_id;
    claim.case_code = case_code;
    claim.provider = row.facts.provider_code;
    claim.unit_code = row.facts.unit_code;
    claim.agency = row.facts.agency;
    claim.procedure = row.facts.procedure;
    claim.content_sha256 = row.facts.content_sha256;
    claim.idempotency_key = row.idempotency_key;
    claim.trace_id = row.trace_id;
    claim.received_at = row.facts.received_at;
    return claim;
}

}  // namespace store::detail
