// Signature and MAC vectors of project Wycheproof ($IVAN_VECTORS/wycheproof; its README names source and licence), through
// the very functions that XML signatures and one-time passwords are checked with.
//
// "acceptable" means either answer will do; a strict verifier refuses, and so do we.

#include "signing/detail/hmac.hpp"
#include "signing/detail/value.hpp"
#include "signing/digest.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace {

namespace json = boost::json;
using signing::detail::verify_value;

json::value read_json(std::filesystem::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    return json::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
}

std::string text(json::value const& one, char const* name) { return std::string{one.at(name).as_string()}; }
std::string bytes(json::value const& one, char const* name) { return signing::bytes_of_hex(text(one, name)); }

signing::detail::KeyPtr public_key(json::value const& group)
{
    auto const der = bytes(group, "publicKeyDer");
    auto const* at = reinterpret_cast<unsigned char const*>(der.data());
    return signing::detail::KeyPtr{d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()))};
}

// "SHA-256" → "sha256".
std::string digest_name(json::value const& group)
{
    auto const sha = text(group, "sha");
    return "sha" + sha.substr(sha.find('-') + 1);
}

// What XML Signature carries in place of DER: r‖s, each as long as the order. Nothing where the DER is not minimal, has
// something behind it, or holds a number that does not fit.
std::optional<std::string> pair_of(std::string const& der, std::size_t half)
{
    auto const* at = reinterpret_cast<unsigned char const*>(der.data());
    signing::detail::SignaturePtr const pair{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
    signing::detail::drain_errors();
    if (!pair || at != reinterpret_cast<unsigned char const*>(der.data()) + der.size()) return std::nullopt;
    unsigned char* again = nullptr;
    int const size = i2d_ECDSA_SIG(pair.get(), &again);
    std::string const minimal{reinterpret_cast<char*>(again), static_cast<std::size_t>(size)};
    OPENSSL_free(again);
    if (minimal != der) return std::nullopt;
    std::string raw(2 * half, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(raw.data());
    BIGNUM const* const r = ECDSA_SIG_get0_r(pair.get());
    BIGNUM const* const s = ECDSA_SIG_get0_s(pair.get());
    if (BN_is_negative(r) || BN_is_negative(s) || BN_bn2binpad(r, out, static_cast<int>(half)) < 0 ||
        BN_bn2binpad(s, out + half, static_cast<int>(half)) < 0) {
        signing::detail::drain_errors();
        return std::nullopt;
    }
    return raw;
}

void judge(vectors::Tally& tally, std::string const& file, json::value const& test, bool verified)
{
    auto const result = text(test, "result");
    auto const id = fmt::format("{}#{}", file, test.at("tcId").to_number<int>());
    tally.judge(id, verified == (result == "valid"), fmt::format("{} but we {} ({})", result, verified ? "verify it" : "refuse it", text(test, "comment")));
}

void run_signatures(vectors::Tally& tally, std::filesystem::path const& folder, std::string const& file, std::string const& algorithm, bool der)
{
    auto const all = read_json(folder / (file + ".json"));
    for (auto const& group : all.at("testGroups").as_array()) {
        auto const key = public_key(group);
        ASSERT_TRUE(key) << file;
        auto const name = algorithm + "-" + digest_name(group);
        std::size_t const half = static_cast<std::size_t>(EVP_PKEY_get_bits(key.get()) + 7) / 8;
        for (auto const& test : group.at("tests").as_array()) {
            auto const message = bytes(test, "msg");
            auto const value = bytes(test, "sig");
            if (!der) {
                judge(tally, file, test, verify_value(name, key.get(), message, value));
                continue;
            }
            auto const raw = pair_of(value, half);
            judge(tally, file, test, raw && verify_value(name, key.get(), message, *raw));
            // DER itself is not the form of XML Signature, valid or not (XMLDSig 1.1 §6.4.3).
            EXPECT_FALSE(value.size() != 2 * half && verify_value(name, key.get(), message, value)) << file;
        }
    }
}

void run_macs(vectors::Tally& tally, std::filesystem::path const& folder, std::string const& file, char const* digest)
{
    auto const all = read_json(folder / (file + ".json"));
    for (auto const& group : all.at("testGroups").as_array()) {
        auto const size = group.at("tagSize").to_number<std::size_t>() / 8;
        for (auto const& test : group.at("tests").as_array()) {
            auto const made = signing::detail::hmac(digest, bytes(test, "key"), bytes(test, "msg")).substr(0, size);
            judge(tally, file, test, signing::equal_constant_time(made, bytes(test, "tag")));
        }
    }
}

TEST(Wycheproof, EveryVectorHasTheVerdictItShould)
{
    vectors::Tally tally{"wycheproof"};
    auto const folder = tally.vectors("wycheproof/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    std::size_t files = 0;
    auto const manifest = read_json(*folder / "manifest.json");
    for (auto const& one : manifest.at("cases").as_array()) {
        auto const file = text(one, "file").substr(0, text(one, "file").rfind('.'));
        auto const schema = text(one, "schema");
        if (schema.starts_with("rsassa_pkcs1")) run_signatures(tally, *folder, file, "rsa", false);
        else if (schema.starts_with("rsassa_pss")) run_signatures(tally, *folder, file, "rsa-pss", false);
        else if (schema.starts_with("ecdsa_p1363")) run_signatures(tally, *folder, file, "ecdsa", false);
        else if (schema.starts_with("ecdsa")) run_signatures(tally, *folder, file, "ecdsa", true);
        else if (file.starts_with("hmac_sha1")) run_macs(tally, *folder, file, "SHA1");
        else if (file.starts_with("hmac_sha256")) run_macs(tally, *folder, file, "SHA256");
        else if (file.starts_with("hmac_sha512")) run_macs(tally, *folder, file, "SHA512");
        else tally.failed(file, "no way to run " + schema);
        ++files;
    }
    EXPECT_GE(files, 8u);
    EXPECT_GE(tally.run(), 1'500u);
}

}  // namespace
