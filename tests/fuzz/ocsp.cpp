// Can any bytes crash the reader of OCSP responses, or be believed without the signature of the kept authority or of the
// responder it appointed? Bytes that are believed must be one of the kept responses, in what they say.

#include "signing/detail/ocsp.hpp"

#include "signing/detail/revocations.hpp"
#include "tests/fuzz/kept.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>

using fuzz::kept;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static auto const root = kept("root.der");
    static auto const leaf = kept("leaf.der");
    static auto const nothing = signing::Revocations::make({signing::detail::der_of(root.get())}, {}, {}).revocations;
    static signing::EvidenceRules const rules{.ocsp_bytes_max = 1u << 16};
    std::string const bytes{reinterpret_cast<char const*>(data), size};
    try {
        auto const basic = signing::detail::read_response(bytes, rules);
        auto const answers = signing::detail::answers_of(basic.get(), nullptr, rules);
        must(answers.size() <= rules.ocsp_answers_max);
        for (auto const& answer : answers) must(answer.this_update <= answer.next_update);
    } catch (std::runtime_error const& error) {
        must(std::string_view{error.what()}.size() < 1000);
    }
    auto const at = signing::Instant{std::chrono::hours{24 * 365 * 57}};
    auto const standing = signing::detail::standing_of(*nothing, leaf.get(), root.get(), at, std::vector{bytes});
    // The kept responses were made before that time and say of the leaf what they say; the fuzzer has no key of ours.
    using State = signing::detail::Standing::State;
    must(standing.state == State::unknown || standing.evidence.source == "ocsp:Fuzz root" || standing.evidence.source == "ocsp:responder");
    return 0;
}
