#include "signing/seal.hpp"

#include "signing/signer.hpp"
#include "signing/verifier.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

constexpr std::string_view text = "<Phieu><A>một</A><B></B></Phieu>";

struct Signed {
    explicit Signed(signing::dev::KeyKind kind)
        : identity{support::Pki::shared().unit("0101300842", kind)}, key{support::Pki::key(identity)}, seal{identity.certificate_pem},
          sealed{signing::sign_canonical(*key, text, "sig-1")}
    {
    }
    signing::dev::Identity identity;
    std::shared_ptr<signing::KeyPair const> key;
    signing::Seal seal;
    std::string sealed;
};

TEST(Seal, IsBelievedAsItWasMadeWithEitherKindOfKey)
{
    for (auto const kind : {signing::dev::KeyKind::p256, signing::dev::KeyKind::rsa_2048}) {
        Signed const one{kind};
        EXPECT_TRUE(one.seal.check(one.sealed, "sig-1"));
        EXPECT_FALSE(one.seal.check(one.sealed, "sig-2"));
        EXPECT_FALSE(one.seal.check(text, "sig-1"));
        EXPECT_EQ(one.seal.certificate().fingerprint, one.key->certificate().fingerprint);
    }
}

TEST(Seal, OfWhichAnyByteIsAnotherIsNone)
{
    Signed const one{signing::dev::KeyKind::p256};
    for (std::size_t i = 0; i < one.sealed.size(); ++i) {
        auto other = one.sealed;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(one.seal.check(other, "sig-1")) << "octet " << i;
        EXPECT_FALSE(one.seal.check(std::string_view{one.sealed}.substr(0, i), "sig-1")) << "cut at " << i;
    }
    EXPECT_FALSE(one.seal.check(one.sealed + " ", "sig-1"));
}

TEST(Seal, ByAnotherKeyIsNone)
{
    Signed const one{signing::dev::KeyKind::p256};
    signing::Seal const another{support::Pki::shared().unit("0100109106").certificate_pem};
    EXPECT_FALSE(another.check(one.sealed, "sig-1"));
    EXPECT_THROW(signing::Seal{"no certificate"}, std::runtime_error);
}

TEST(Seal, MovedToAnotherPlaceIsNone)
{
    Signed const one{signing::dev::KeyKind::p256};
    auto const begin = one.sealed.find("<Signature"), end = one.sealed.find("</Signature>") + 12;
    auto const signature = one.sealed.substr(begin, end - begin);
    auto const place = text.find("<B>");
    EXPECT_FALSE(one.seal.check(std::string{text.substr(0, place)} + signature + std::string{text.substr(place)}, "sig-1"));
}

}  // namespace
