#include "providers/registry.hpp"

#include <gtest/gtest.h>

namespace {

using namespace providers;
using namespace std::chrono_literals;

constexpr auto today = std::chrono::sys_days{2026y / 11 / 21};
std::string const certificate(64, 'a');
// SHA-256 of "secret", as any tool prints it.
std::string const secret_hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

Provider thaison()
{
    Provider p;
    p.code = "THAISON";
    p.aliases = {"00040", "0101300842"};
    p.certificates = {certificate};
    p.key_hashes = {secret_hash};
    p.contract_from = std::chrono::sys_days{2015y / 10 / 1};
    p.contract_until = std::chrono::sys_days{2026y / 12 / 31};
    return p;
}

Refusal refusal(Registry const& registry, Credentials const& credentials, std::chrono::sys_days day = today,
                std::initializer_list<Role> roles = {Role::provider})
{
    auto const result = registry.admit(credentials, roles, day);
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? Refusal{} : result.error().why;
}

TEST(Registry, KnowsAProviderByItsCertificate)
{
    Registry const registry{{thaison()}};
    auto const admitted = registry.admit({certificate, ""}, {Role::provider}, today);
    ASSERT_TRUE(admitted.has_value());
    EXPECT_EQ(admitted->provider().code, "THAISON");
    EXPECT_TRUE(admitted->owns_alias("00040"));
    EXPECT_TRUE(admitted->owns_alias("0101300842"));
    EXPECT_FALSE(admitted->owns_alias("00041"));
    EXPECT_FALSE(admitted->owns_alias(""));
}

TEST(Registry, KnowsAProviderByItsBearerKeyWhichItHoldsOnlyHashed)
{
    Registry const registry{{thaison()}};
    EXPECT_TRUE(registry.admit({"", "secret"}, {Role::provider}, today).has_value());
    EXPECT_EQ(refusal(registry, {"", "Secret"}), Refusal::credentials_unknown);
    EXPECT_EQ(refusal(registry, {"", secret_hash}), Refusal::credentials_unknown) << "the hash is not the key";
}

TEST(Registry, RefusesAnUnknownCertificateEvenBesideAGoodKey)
{
    Registry const registry{{thaison()}};
    EXPECT_EQ(refusal(registry, {std::string(64, 'b'), "secret"}), Refusal::credentials_unknown);
    EXPECT_EQ(refusal(registry, {}), Refusal::credentials_missing);
}

TEST(Registry, ComparesFingerprintsWithoutRegardToCase)
{
    auto provider = thaison();
    provider.certificates = {std::string(64, 'A')};
    Registry const registry{{provider}};
    EXPECT_TRUE(registry.admit({certificate, ""}, {Role::provider}, today).has_value());
}

TEST(Registry, HoldsTheContractsFirstAndLastDay)
{
    Registry const registry{{thaison()}};
    Credentials const shown{certificate, ""};
    EXPECT_EQ(refusal(registry, shown, std::chrono::sys_days{2015y / 9 / 30}), Refusal::contract_not_started);
    EXPECT_TRUE(registry.admit(shown, {Role::provider}, std::chrono::sys_days{2015y / 10 / 1}).has_value());
    EXPECT_TRUE(registry.admit(shown, {Role::provider}, std::chrono::sys_days{2026y / 12 / 31}).has_value());
    EXPECT_EQ(refusal(registry, shown, std::chrono::sys_days{2027y / 1 / 1}), Refusal::contract_ended);
}

TEST(Registry, OpensACallOnlyToItsRoles)
{
    Registry const registry{{thaison()}};
    EXPECT_EQ(refusal(registry, {certificate, ""}, today, {Role::backend}), Refusal::role_forbidden);
    EXPECT_TRUE(registry.admit({certificate, ""}, {Role::portal, Role::provider}, today).has_value());
}

TEST(Registry, KeepsAnAdmittedPartyAliveAfterTheSnapshotIsSwappedOut)
{
    auto registry = std::make_unique<Registry>(std::vector{thaison()});
    auto const admitted = registry->admit({certificate, ""}, {Role::provider}, today);
    registry.reset();
    ASSERT_TRUE(admitted.has_value());
    EXPECT_EQ(admitted->provider().code, "THAISON");
}

TEST(Registry, FindsByCode)
{
    Registry const registry{{thaison()}};
    EXPECT_NE(registry.find("THAISON"), nullptr);
    EXPECT_EQ(registry.find("VNPT"), nullptr);
    EXPECT_EQ(registry.all().size(), 1u);
}

}  // namespace
