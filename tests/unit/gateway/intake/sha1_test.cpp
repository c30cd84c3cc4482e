// The dated switch for SHA-1 reaches the verifier from the provider's row in the registry, and from nobody else's.

#include "gateway/intake/examine.hpp"

#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

namespace {

using support::Office;

providers::Admitted provider_with_sha1(std::optional<std::chrono::sys_days> until)
{
    providers::Provider provider;
    provider.code = "THAISON";
    provider.aliases = {"00040"};
    provider.certificates = {std::string(64, 'a')};
    provider.sha1_until = until;
    providers::Registry const registry{{provider}};
    return *registry.admit({std::string(64, 'a'), ""}, {providers::Role::provider}, runtime::vietnam_day(Office::shared().pki.now));
}

TEST(Sha1, IsTakenFromTheProviderWhoseDayHasNotPassedAndFromNoOther)
{
    auto const& office = Office::shared();
    loadtest::Corpus corpus{office.corpus_config(11)};
    signing::SignOptions sha1;
    sha1.digest = "sha1";
    auto const body = corpus.dossier("600", {corpus.form("D02-TS", 2)}, *office.unit_key, sha1);
    auto const today = runtime::vietnam_day(office.pki.now);
    auto const look = [&](std::optional<std::chrono::sys_days> until) {
        return intake::examine(*office.criteria(), provider_with_sha1(until), intake::Lane::dossiers, body, office.pki.now, intake::StageTimer{nullptr});
    };
    auto const taken = look(today);
    ASSERT_TRUE(taken.has_value()) << taken.error().detail;
    EXPECT_EQ(taken->verified.signers().back().digest_algorithm, "sha1");
    for (auto const& until : {std::optional<std::chrono::sys_days>{}, std::optional{today - std::chrono::days{1}}}) {
        auto const refused = look(until);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, fault::FaultCode::signature_sha1);
    }
}

}  // namespace
