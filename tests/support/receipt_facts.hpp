#pragma once

// What a receipt says of a unit's dossier, but who signed it. The bytes of such a receipt are stored
// (tests/unit/gateway/dossier/receipt_bytes_test.cpp): a change here shows there.

#include "gateway/dossier/receipt.hpp"

#include <chrono>
#include <string>

namespace support {

inline dossier::ReceiptFacts receipt_facts()
{
    using namespace std::chrono_literals;
    dossier::ReceiptFacts out;
    out.dossier_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    out.case_code = "00007.G/2026/00108";
    out.received_at = std::chrono::sys_days{2026y / 11 / 21} + 2h + 5min + 7s + 123ms;
    out.provider_code = "THAISON";
    out.provider_name = "Tổng công ty <Thái Sơn> & Co";
    out.unit_name = "Công ty \"A\" 'B' > C\r\nTNHH\t\x01";
    out.unit_code = "TA0001A";
    out.tax_code = "0101300842";
    out.agency = "00108";
    out.procedure = "600";
    out.procedure_name = "Báo tăng, báo giảm";
    out.period = "11/2026";
    out.content_sha256 = std::string(64, 'a');
    out.content_bytes = 12345;
    out.forms = {{"D02-TS", "1040", "D02-TS.xml", std::string(64, 'b'), 99}, {"CT-DK", "", "cv.pdf", std::string(64, 'c'), 5}};
    out.paper_required = true;
    return out;
}

}  // namespace support
