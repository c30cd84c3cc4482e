// A hundred thousand signers stand under a handful of paths: what they have in common is held once, and of a certificate whose
// verdict is known its key and its facts are kept, never the parsed certificate.

#include "signing/trust.hpp"

#include "tests/support/pki.hpp"
#include "tests/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using signing::CertificatePath;
using support::Pki;

using support::sanitized;

// Certificates of many units, with one key, which nobody looks at here: keys take long to make.
std::vector<std::string> units(std::size_t count)
{
    auto const& pki = Pki::shared();
    auto request = pki.request("0101300842", Pki::KeyKind::rsa_2048);
    std::vector<std::string> made;
    for (std::size_t n = 0; n < count; ++n) {
        request.common_name = "Công ty TNHH một thành viên số " + std::to_string(n);
        auto const identity = signing::dev::issue(pki.issuing_ca, request);
        request.key_pem = identity.key_pem;
        made.push_back(*signing::certificate_der(identity.certificate_pem));
    }
    return made;
}

class SignersOfOneAuthority : public ::testing::Test {
protected:
    Pki const& pki = Pki::shared();
    support::TemporaryDirectory directory;
    std::shared_ptr<signing::TrustStore const> trust = signing::TrustStore::load(pki.write_trust_directory(directory.path(), {}), {});
};

TEST_F(SignersOfOneAuthority, ShareTheirIssuers)
{
    auto const certificates = units(3);
    auto const first = trust->chain(certificates[0], pki.now), second = trust->chain(certificates[1], pki.now);
    ASSERT_TRUE(first && second);
    ASSERT_TRUE((*first)->issuers);
    EXPECT_EQ((*first)->issuers, (*second)->issuers) << "one object";
    EXPECT_EQ((*first)->issuers->der.size(), 2u);
    // And across a swap of evidence, where paths are known already.
    auto const swapped = trust->with(trust->revocations());
    auto const again = swapped->chain(certificates[0], pki.now), other = swapped->chain(certificates[2], pki.now);
    ASSERT_TRUE(again && other);
    EXPECT_EQ((*again)->issuers, (*first)->issuers);
    EXPECT_EQ((*other)->issuers, (*first)->issuers);
    EXPECT_EQ(swapped->counts().paths_found, 1u) << "the first one's path was known";

    auto const path = (*first)->path_of(certificates[0]);
    ASSERT_EQ(path.size(), 3u);
    EXPECT_EQ(path[0], certificates[0]);
    auto const subjects = (*first)->path();
    ASSERT_EQ(subjects.size(), 3u);
    for (std::size_t i = 0; i < path.size(); ++i) EXPECT_EQ(signing::read_certificate(path[i])->subject, subjects[i]);
}

TEST_F(SignersOfOneAuthority, KeepTheirKeysWhenTheStoreIsGone)
{
    auto const certificate = units(1).front();
    auto const chained = *trust->chain(certificate, pki.now);
    trust.reset();
    EXPECT_EQ(chained->path_of(certificate).size(), 3u);
    EXPECT_TRUE(chained->key);
    EXPECT_EQ(chained->facts.key, "RSA-2048");
}

TEST_F(SignersOfOneAuthority, CostLittleBeyondTheirKeys)
{
    if (sanitized) GTEST_SKIP() << "a sanitizer's own memory is no measure";
    constexpr std::size_t count = 1'000, before_count = 100;
    auto const certificates = units(before_count + count);
    auto const used = [] { return static_cast<std::size_t>(mallinfo2().uordblks); };
    for (std::size_t n = 0; n < before_count; ++n) ASSERT_TRUE(trust->chain(certificates[n], pki.now));
    auto const before = used();
    for (std::size_t n = before_count; n < certificates.size(); ++n) ASSERT_TRUE(trust->chain(certificates[n], pki.now));
    auto const each = (used() - before) / count;
    std::printf("  %zu bytes a signer whose verdict is known (its DER: %zu)\n", each, certificates.front().size());
    EXPECT_LE(each, 4096u);
    EXPECT_EQ(trust->counts().cached, certificates.size());
}

TEST(ACertificatePath, IsTheSameValueHoweverItIsHeld)
{
    auto const issuers = std::make_shared<std::vector<std::string> const>(std::vector<std::string>{"ca", "root"});
    CertificatePath const shared{"leaf", issuers};
    std::vector<std::string> const whole{"leaf", "ca", "root"};
    EXPECT_EQ(shared, whole);
    EXPECT_EQ(shared, CertificatePath{whole});
    EXPECT_EQ(static_cast<std::vector<std::string>>(shared), whole);
    EXPECT_FALSE(shared == (CertificatePath{"other", issuers}));
    EXPECT_FALSE(shared == (CertificatePath{"leaf", nullptr}));
    EXPECT_EQ(shared.size(), 3u);
    EXPECT_EQ((CertificatePath{"leaf", nullptr}).size(), 1u);
    EXPECT_TRUE(CertificatePath{}.empty());
    EXPECT_TRUE(CertificatePath{std::vector<std::string>{}}.empty());
    EXPECT_TRUE((CertificatePath{std::string{}, nullptr}).empty()) << "a bare key that was pinned has none";
}

}  // namespace
