// Two readings of one Signature, and no difference: the witness of a sweep, fed by our own scanner, and the dossier profile on a
// tree. The witness may decline whatever it likes; what it calls plain the tree takes, with the same facts, the same canonical
// SignedInfo and the same digest.

#include "schemas/document.hpp"
#include "schemas/scanner.hpp"
#include "schemas/tree.hpp"
#include "signing/detail/profile.hpp"
#include "signing/detail/value.hpp"
#include "signing/verifier.hpp"
#include "signing/witness.hpp"
#include "tests/fuzz/must.hpp"

#include <string>
#include <string_view>

using fuzz::must;

namespace {

std::string canonical(xmlDoc* doc, signing::detail::Part const& part, signing::detail::Canonicalisation const& how)
{
    std::string out;
    must(signing::detail::canonicalise(doc, part, how, [&](std::string_view bytes) { out += bytes; }));
    return out;
}

std::string digest_of(std::string_view name, std::string_view bytes)
{
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    must(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, signing::detail::digest_named(name), nullptr) == 1);
    digest.resize(size);
    return digest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static schemas::XmlLimits const limits{.bytes_max = 1u << 16, .nodes_max = 5000};
    static signing::Instant const at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
    static signing::Policy const policy = [] {
        signing::initialise();
        signing::Policy made;
        made.sha1_until = std::chrono::sys_days{std::chrono::year{2027} / 1 / 1};
        return made;
    }();
    static signing::Witness witness;
    auto const text = fuzz::text_of(data, size);

    signing::Preparation how;
    for (int sweep = 0;; ++sweep) {
        witness.begin(policy, at, {how});
        if (!schemas::scan_whole(text, limits, witness.envelope()) || !witness.plain()) {
            must(sweep == 0);  // what was plain once is plain
            return 0;
        }
        if (witness.dossier().wanted == how) break;
        must(sweep == 0);
        how = witness.dossier().wanted;
    }
    auto const& attested = witness.dossier();

    auto const document = schemas::Document::parse(text, limits);
    must(document.has_value());
    auto* const doc = schemas::tree_of(*document);
    auto const shape = signing::detail::read_signature(doc, {"", attested.root, attested.holder}, policy, at);
    must(shape.has_value());
    must(attested.reference == shape->reference && attested.canonicalisation == shape->canonicalisation);
    must(attested.signature_algorithm == shape->signature_algorithm && attested.digest_algorithm == shape->digest_algorithm);
    must(attested.value == shape->value && attested.digest_value == shape->digest && attested.certificates == shape->certificates);
    must(attested.signing_time == shape->signing_time && shape->ocsp.empty());
    must(attested.signed_info == canonical(doc, {.top = shape->signed_info, .without = nullptr}, shape->signed_info_c14n));
    must(attested.digest == digest_of(shape->digest_algorithm, canonical(doc, {.top = shape->target, .without = shape->node}, shape->reference_c14n)));
    return 0;
}
