#pragma once

// What stands at which address: the two tables of routes. providers/openapi.yaml says the same of the first one, and
// tests/tidy compares them.

#include "gateway/intake/certificates.hpp"
#include "gateway/intake/console.hpp"
#include "gateway/intake/health.hpp"
#include "gateway/intake/log.hpp"
#include "gateway/intake/notices.hpp"
#include "gateway/intake/otp.hpp"
#include "gateway/intake/public.hpp"
#include "gateway/intake/router.hpp"
#include "gateway/intake/status.hpp"
#include "gateway/intake/submit.hpp"
#include "gateway/intake/workflow.hpp"

#include <vector>

namespace gateway {

// All outlive the routes. A test that only reads the table leaves them null.
struct Handlers {
    intake::Submit* submit = nullptr;
    intake::StatusQueries* status = nullptr;
    intake::Notices* notices = nullptr;
    intake::Workflow* workflow = nullptr;
    intake::PublicPages* pages = nullptr;
    intake::Health* health = nullptr;
    intake::Console* console = nullptr;
    intake::ReceiptCertificates* certificates = nullptr;
    intake::OtpCalls* otp = nullptr;
    intake::LogQueries* log = nullptr;
};

[[nodiscard]] std::vector<intake::Route> public_routes(Handlers handlers);      // the provider listener
[[nodiscard]] std::vector<intake::Route> operations_routes(Handlers handlers);  // never on the public port

}  // namespace gateway
