#include "loadtest/bench/world.hpp"

#include "gateway/runtime/clock.hpp"

#include <cstdlib>
#include <stdexcept>

namespace bench
{

namespace fs = std::filesystem;

World const& World::shared()
{
    static World const world;
    return world;
}

World::World()
{
    signing::initialise();
    std::string name = (fs::temp_directory_path() / "ivan-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("cannot make a directory in " + fs::temp_directory_path().string());
    directory_ = name;
    trust_directory = directory_ / "trust";
    authorities = signing::dev::make_authorities(now);
    signing::dev::write_trust(trust_directory, authorities, {});
    trust = signing::TrustStore::load(trust_directory, {});

    signing::dev::Request request;
    request.common_name = "Công ty TNHH Thử Nghiệm";
    request.tax_code = "0101300842";
    request.key = signing::dev::KeyKind::rsa_2048;
    auto const unit = signing::dev::issue(authorities.issuing_ca, request);
    unit_key = signing::KeyPair::from_pem(unit.key_pem, unit.certificate_pem);
    request.key = signing::dev::KeyKind::p256;
    auto const receipt = signing::dev::issue(authorities.issuing_ca, request);
    receipt_key = signing::KeyPair::from_pem(receipt.key_pem, receipt.certificate_pem);
    receipt_key_rsa = unit_key;

    criteria.verifier = std::make_shared<signing::Verifier const>(trust, signing::Policy{});
    catalogue = schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd");
    rules_directory = IVAN_SOURCE_DIR "/schemas/rules";
    criteria.validator = std::make_shared<schemas::Validator const>(catalogue, schemas::Rules::load(rules_directory));
    std::vector<providers::Agency> agencies(1);
    agencies[0].code = "00108";
    criteria.directory = std::make_shared<providers::Directory const>(std::move(agencies));
}

World::~World()
{
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::shared_ptr<std::string const> const& World::body(std::int64_t people, std::int64_t forms) const
{
    auto& made = dossiers_[{people, forms}];
    if (made) return made;
    loadtest::CorpusConfig config;
    config.seed = static_cast<std::uint64_t>(people);
    config.day = runtime::vietnam_day(now);
    loadtest::Corpus corpus{config};
    std::vector<loadtest::PlainForm> plain{corpus.form("D02-TS", static_cast<unsigned>(people))};
    while (plain.size() < static_cast<std::size_t>(forms)) {
        plain.push_back(corpus.form(plain.size() % 2 == 1 ? "D01-TS" : "TK1-TS", static_cast<unsigned>(people)));
        plain.back().file_name = plain.back().code + "-" + std::to_string(plain.size()) + ".xml"; // unique in an envelope
    }
    made = std::make_shared<std::string const>(corpus.dossier("600", plain, *unit_key));
    return made;
}

std::string const& World::form(std::int64_t people) const
{
    auto& bytes = forms_[people];
    if (bytes.empty()) bytes = std::string{envelope(people).forms().front().bytes()};
    return bytes;
}

schemas::Envelope World::envelope(std::int64_t people, std::int64_t forms) const
{
    auto envelope = schemas::read_envelope(body(people, forms), criteria.limits);
    if (!envelope) throw std::runtime_error("the bench's dossier cannot be read: " + envelope.error().detail);
    return std::move(*envelope);
}

providers::Admitted World::sender() const
{
    providers::Provider provider;
    provider.code = "THAISON";
    provider.name = "Thái Sơn";
    provider.aliases = {"00040"};
    provider.certificates = {std::string(64, 'a')};
    providers::Registry const registry{{provider}};
    providers::Credentials credentials;
    credentials.certificate_sha256 = std::string(64, 'a');
    return *registry.admit(credentials, {providers::Role::provider}, runtime::vietnam_day(now));
}

intake::Examined World::examined(std::int64_t people) const
{
    auto examined =
        intake::examine(criteria, sender(), intake::Lane::dossiers, dossier(people), now, intake::StageTimer{nullptr});
    if (!examined) throw std::runtime_error("the bench's dossier is refused: " + examined.error().detail);
    return std::move(*examined);
}

} // namespace bench
