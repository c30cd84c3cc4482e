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

    criteria.verifier = std::make_shared<signing::Verifier const>(trust, signing::Policy{});
    criteria.validator =
        std::make_shared<schemas::Validator const>(schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"),
                                                   schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules"));
    std::vector<providers::Agency> agencies(1);
    agencies[0].code = "00108";
    criteria.directory = std::make_shared<providers::Directory const>(std::move(agencies));

    for (auto const people : sizes) {
        loadtest::CorpusConfig config;
        config.seed = static_cast<std::uint64_t>(people);
        config.day = runtime::vietnam_day(now);
        loadtest::Corpus corpus{config};
        dossiers_[people] = corpus.dossier("600", {corpus.form("D02-TS", static_cast<unsigned>(people))}, *unit_key);
    }
}

World::~World()
{
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

schemas::Envelope World::envelope(std::int64_t people) const
{
    auto envelope = schemas::read_envelope(dossier(people), criteria.limits);
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
