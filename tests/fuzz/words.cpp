// The small readers of headers and parameters: each takes any text and says yes or no, within its own bounds.

#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/receipt_reader.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/intake/framing.hpp"
#include "gateway/intake/media_type.hpp"
#include "gateway/intake/unpack.hpp"
#include "gateway/observe/trace_id.hpp"
#include "schemas/rules.hpp"
#include "signing/policy.hpp"
#include "tests/fuzz/must.hpp"

#include <string>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);

    if (auto const code = dossier::normalise_case_code(text)) {
        must(!code->empty() && code->size() <= 64);  // numbers are padded to five digits
        must(dossier::normalise_case_code(*code) == code);  // once is enough
    }
    if (auto const at = dossier::parse_rfc3339(text)) must(dossier::parse_rfc3339(dossier::vietnam_time(*at)).has_value());
    if (auto const day = dossier::parse_date(text)) must(dossier::vietnam_date(*day) == text);

    if (auto const receipt = dossier::read_receipt(text)) {
        for (auto const& word : {receipt->key_id, receipt->case_code, receipt->content_sha256}) must(word.find('<') == std::string::npos);
    }

    for (auto const* type : {"application/json", "application/xml"}) {
        auto const weight = intake::accept_weight(text, type);
        must(weight >= 0 && weight <= 1000);
    }
    must(!(intake::xml_body(text) && intake::json_body(text)));
    (void)intake::encoding_of(text);

    if (auto const target = intake::read_target(text)) {
        must(target->path.starts_with('/') || target->path == "*");
        must(target->path_decoded.size() <= target->path.size());
    }
    for (bool const plus : {false, true})
        if (auto const decoded = intake::percent_decoded(text, plus)) must(decoded->size() <= size);

    if (schemas::tax_code_ok(text)) must(size == 10 || size == 14 || size == 12);
    return 0;
}
