#pragma once

// The certificates of the hub's receipt keys, past, current and next, for everybody: who holds a receipt finds here the
// certificate of the key it names (MaKhoa), for as long as receipts are kept.
//
// Threads: any core; the keys are an immutable snapshot. Errors: every outcome is a Reply.

#include "gateway/dossier/receipt_keys.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/task.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace intake {

class ReceiptCertificates {
public:
    using Keys = std::function<std::shared_ptr<dossier::ReceiptKeys const>()>;
    ReceiptCertificates(Keys keys, runtime::Clock const& clock) : keys_{std::move(keys)}, clock_{clock} {}  // the clock outlives us

    [[nodiscard]] runtime::Task<Reply> list(Request request);  // GET /v1/receipt-certificates
    [[nodiscard]] runtime::Task<Reply> pem(Request request);   // GET /v1/receipt-certificates/{key_id}

private:
    Keys keys_;
    runtime::Clock const& clock_;
};

}  // namespace intake
