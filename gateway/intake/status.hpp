#pragma once

// The provider asks after what it sent: by id, by content hash (the question after a lost answer), by idempotency
// key; and fetches the signed receipt again. Everyone sees its own rows only.
//
// Threads: any core; no state of its own. Errors: every outcome is a Reply.

#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/archive.hpp"

#include <boost/json/object.hpp>

namespace intake {

class StatusQueries {
public:
    explicit StatusQueries(store::Archive& archive) : archive_{archive} {}  // outlives the queries

    [[nodiscard]] runtime::Task<Reply> by_id(Request request);    // GET /v1/dossiers/{id}
    [[nodiscard]] runtime::Task<Reply> find(Request request);     // GET /v1/dossiers?content_sha256= or ?idempotency_key=
    [[nodiscard]] runtime::Task<Reply> receipt(Request request);  // GET /v1/dossiers/{id}/receipt

private:
    store::Archive& archive_;
};

// {"id": "received", "vi": "đã tiếp nhận", "en": "received"}
[[nodiscard]] boost::json::object status_json(dossier::Status status);
[[nodiscard]] boost::json::object dossier_json(store::DossierView const& view);

}  // namespace intake
