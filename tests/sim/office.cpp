#include "tests/sim/office.hpp"

#include "loadtest/corpus.hpp"
#include "signing/dev/pki.hpp"

#include <stdexcept>
#include <utility>

namespace sim {

namespace {

constexpr std::string_view agencies[]{"00108", "07906", "03101"};
constexpr std::string_view tax_codes[]{"0101300842", "0100109106"};

}  // namespace

Office const& Office::shared()
{
    static Office const office;
    return office;
}

Office::Office()
{
    signing::initialise();
    auto const authorities = signing::dev::make_authorities(opens - std::chrono::hours{24});
    signing::dev::write_trust(directory_.path(), authorities, {});

    intake::Criteria made;
    auto const rules = schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules");
    made.verifier = std::make_shared<signing::Verifier const>(signing::TrustStore::load(directory_.path(), {}), signing::Policy{});
    made.validator = std::make_shared<schemas::Validator const>(schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), rules);
    made.rules = rules;
    std::vector<::providers::Agency> known;
    for (auto const agency : agencies) known.push_back({std::string{agency}, "", "", true});
    made.directory = std::make_shared<::providers::Directory const>(std::move(known));
    criteria_ = std::make_shared<intake::Criteria const>(std::move(made));

    std::vector<std::shared_ptr<signing::KeyPair const>> keys;
    for (auto const tax_code : tax_codes) {
        signing::dev::Request request;
        request.common_name = "Công ty TNHH Thử Nghiệm";
        request.tax_code = tax_code;
        request.not_before = opens - std::chrono::hours{24};
        request.not_after = opens + std::chrono::hours{24 * 365};
        auto const identity = signing::dev::issue(authorities.issuing_ca, request);
        keys.push_back(signing::KeyPair::from_pem(identity.key_pem, identity.certificate_pem));
    }

    std::vector<::providers::Provider> parties;
    for (std::size_t p = 0; p < providers; ++p) {
        ::providers::Provider party;
        party.code = provider_code(p);
        party.name = "Nhà cung cấp " + party.code;
        party.aliases = {"0004" + std::to_string(p)};
        party.certificates = {certificate(p)};
        party.quota = {1e9, 1'000'000'000, 1'000'000};
        for (std::size_t n = 0; n < samples; ++n) {
            loadtest::CorpusConfig config;
            config.seed = p * samples + n + 1;
            config.provider_alias = party.aliases[0];
            config.provider_name = party.name;
            // Few units, so that each has a line, and shared by the providers.
            auto const owner = n % std::size(tax_codes);
            config.tax_code = tax_codes[owner];
            config.unit_code = "TA000" + std::to_string(n % 4) + "A";
            config.agency = agencies[n % std::size(agencies)];
            config.day = runtime::vietnam_day(opens);
            loadtest::Corpus corpus{config};
            samples_.push_back({corpus.dossier("600", {corpus.form("D02-TS", 1)}, *keys[owner]), config.agency + "/" + config.unit_code});
        }
        parties.push_back(std::move(party));
    }
    registry_ = std::make_shared<::providers::Registry const>(std::move(parties));
}

std::string Office::sound(Sample const& sample, std::uint64_t number) const
{
    auto out = sample.envelope;
    for (unsigned bit = 0; bit < 24; ++bit) out += (number >> bit & 1) ? '\n' : ' ';
    return out;
}

std::string Office::forged(Sample const& sample, std::uint64_t number) const
{
    auto out = sound(sample, number);
    constexpr std::string_view before = "<TenDoiTuong>";
    auto const name = out.find(before);
    if (name == std::string::npos) throw std::logic_error("the sample has no name to forge");
    out[name + before.size()] = out[name + before.size()] == 'X' ? 'Y' : 'X';
    return out;
}

}  // namespace sim
