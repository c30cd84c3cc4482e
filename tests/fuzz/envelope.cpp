// Can any bytes crash the reader of envelopes, or outgrow a bound? What it lets through must keep its promises.

#include "schemas/envelope.hpp"
#include "tests/fuzz/must.hpp"

#include <string>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    // Small bounds, so that the fuzzer meets them.
    static schemas::EnvelopeLimits const limits{
        .xml = {.bytes_max = 1u << 16, .nodes_max = 2000},
        .form = {.bytes_max = 1u << 14, .nodes_max = 1000},
        .forms_max = 8,
        .forms_bytes_total_max = 1u << 15,
        .field_bytes_max = 200,
        .findings_max = 20,
    };
    auto const envelope = schemas::read_envelope(std::string{reinterpret_cast<char const*>(data), size}, limits);
    if (!envelope) {
        must(!envelope.error().findings.empty());
        must(envelope.error().findings.size() <= limits.findings_max + 1);
        return 0;
    }
    must(envelope->bytes().size() == size);
    must(!envelope->forms().empty() && envelope->forms().size() <= limits.forms_max);
    std::size_t decoded = 0;
    for (auto const& form : envelope->forms()) {
        decoded += form.bytes().size();
        must(!form.code().empty() && !form.label().empty() && !form.file_name().empty());
        must((form.content() == schemas::Content::xml_form) == (form.xml() != nullptr));
    }
    must(decoded <= limits.forms_bytes_total_max);
    must(envelope->unit().agency.size() == 5);
    return 0;
}
