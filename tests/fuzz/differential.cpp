// Two engines, one verdict: dossiers signed as they should be and odd in everything else, and any bytes. What the sweep accepts the
// tree and xmlsec1 must accept, with the same account. The first byte chooses: choices for odd dossiers, signed or (p) a person's, or a dossier itself.

#include "loadtest/corpus.hpp"
#include "schemas/envelope.hpp"
#include "schemas/validator.hpp"
#include "signing/account.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/verifier.hpp"
#include "tests/fuzz/must.hpp"
#include "tests/support/odd_dossiers.hpp"
#include "tests/support/pki.hpp"

#include <memory>
#include <string>

using fuzz::must;

namespace {

struct Bench {
    support::Pki const& pki = support::Pki::shared();
    support::TemporaryDirectory directory;
    std::shared_ptr<signing::KeyPair const> key = support::Pki::key(pki.unit("0101300842"));
    signing::Verifier verifier{signing::TrustStore::load(pki.write_trust_directory(directory.path()), {}), signing::Policy{}};
    schemas::Validator validator{schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules")};
    schemas::EnvelopeLimits limits;
    loadtest::Corpus corpus;
    support::OddDossiers odd;

    Bench() : corpus{config(pki)}, odd{corpus, *key} {}
    static loadtest::CorpusConfig config(support::Pki const& pki)
    {
        loadtest::CorpusConfig made;
        made.seed = 11;
        made.day = signing::day_in_vietnam(pki.now);
        return made;
    }

    // A person's: whoever vouches for it comes later.
    void compare_personal(std::string const& dossier) const
    {
        auto const bytes = std::make_shared<std::string const>(dossier);
        auto const swept = signing::Verifier::sweep_personal(bytes, limits, validator, pki.now);
        if (!swept) return;
        auto envelope = schemas::read_envelope(bytes, limits);
        must(envelope.has_value());
        auto const valid = validator.validate(*envelope, signing::day_in_vietnam(pki.now));
        must(valid.has_value());
        auto const read = signing::personal_of(std::move(*envelope));
        must(signing::account_of(swept->personal, swept->valid) == signing::account_of(read, *valid));
    }

    void compare(std::string const& dossier) const
    {
        auto const bytes = std::make_shared<std::string const>(dossier);
        auto const swept = verifier.sweep(bytes, limits, validator, pki.now);
        if (!swept) return;
        auto envelope = schemas::read_envelope(bytes, limits);
        must(envelope.has_value());
        auto const verified = verifier.verify(std::move(*envelope), pki.now);
        must(verified.has_value());
        auto const valid = validator.validate(verified->envelope(), signing::day_in_vietnam(pki.now));
        must(valid.has_value());
        must(signing::account_of(swept->verified, swept->valid) == signing::account_of(*verified, *valid));
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static Bench bench;
    auto text = fuzz::text_of(data, size);
    if (text.empty()) return 0;
    bool const as_it_is = text.front() == '<';
    if (as_it_is) {
        bench.compare(std::string{text});
        bench.compare_personal(std::string{text});
        return 0;
    }
    if (text.front() == 'p') {
        support::Choices choices{text.substr(1)};
        bench.compare_personal(bench.odd.make_unsigned(choices));
        return 0;
    }
    support::Choices choices{text};
    if (auto const dossier = bench.odd.make(choices)) bench.compare(*dossier);
    return 0;
}
