#include "gateway/store/row.hpp"

#include "gateway/dossier/id.hpp"

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

}  // namespace store::detail
