#include "signing/otp.hpp"

#include "signing/detail/hmac.hpp"

#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

namespace signing {
namespace {

constexpr std::size_t secret_bytes_min = 32;
constexpr unsigned digits_min = 6, digits_max = 8;  // RFC 4226 §5.3: at least 6; liboath knows up to 8
constexpr std::size_t nonce_bytes = 12, tag_bytes = 16;  // AES-GCM, NIST SP 800-38D §5.2.1.1 and §5.2.1.2

std::string random_bytes(std::size_t count)
{
    std::string bytes(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1)
        throw std::runtime_error("the operating system gives no random bytes");
    return bytes;
}

// Each part with its length before it, so that no two lists of parts read the same.
std::string joined(std::initializer_list<std::string_view> parts)
{
    std::string text;
    for (auto const part : parts) {
        auto const size = static_cast<std::uint32_t>(part.size());
        for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift & 0xff);
        text += part;
    }
    return text;
}

Sha256 to_digest(std::string const& bytes)
{
    Sha256 digest{};
    std::copy_n(bytes.begin(), digest.size(), digest.begin());
    return digest;
}

std::string_view view(Sha256 const& digest) { return {reinterpret_cast<char const*>(digest.data()), digest.size()}; }

// One use of the server's key never helps with another.
std::string key_for(std::string const& secret, std::string_view use) { return detail::hmac("SHA256", secret, joined({"ivan/otp", use})); }

std::string code_hash(std::string const& secret, OtpChallenge const& challenge, std::string_view code)
{
    return detail::hmac("SHA256", key_for(secret, "code"), joined({challenge.id, challenge.person, challenge.content_sha256, code}));
}

struct CipherEnd {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherEnd>;

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

}  // namespace

std::string_view name_of(OtpChannel channel) noexcept { return channel == OtpChannel::sms ? "sms" : "email"; }

std::optional<OtpChannel> otp_channel_from(std::string_view name) noexcept
{
    if (name == "sms") return OtpChannel::sms;
    if (name == "email") return OtpChannel::email;
    return std::nullopt;
}

OtpKey::OtpKey(std::string secret) : secret_{std::move(secret)}
{
    if (secret_.size() < secret_bytes_min) throw std::runtime_error("the key of one-time passwords has fewer than 32 bytes");
}

// HOTP takes 31 bits modulo a power of ten, so that low codes would come up a little more often. The counter moves on past
// the few values above the last whole multiple: every code is as likely as any other.
std::string OtpKey::draw(OtpChallenge& challenge, unsigned digits) const
{
    if (digits < digits_min || digits > digits_max) throw std::runtime_error("a one-time password has 6 to 8 digits");
    auto secret = random_bytes(20);  // RFC 4226 §4 R6: 160 bits
    std::uint32_t codes = 1;
    for (unsigned i = 0; i < digits; ++i) codes *= 10;
    std::uint32_t const fair = (1u << 31) / codes * codes;
    std::uint64_t counter = 0;
    while (detail::truncated(detail::hmac("SHA1", secret, detail::big_endian(counter))) >= fair) ++counter;
    auto const code = hotp(secret, counter, digits);
    OPENSSL_cleanse(secret.data(), secret.size());
    if (!code) throw std::runtime_error("liboath gives no code");
    challenge.code_hash = to_digest(code_hash(secret_, challenge, *code));
    return *code;
}

std::optional<OtpProof> OtpKey::check(OtpChallenge const& challenge, std::string_view code, std::string_view content_sha256, Instant at) const
{
    // Everything is computed before anything is decided.
    auto const given = code_hash(secret_, challenge, code);
    bool const right = equal_constant_time(given, view(challenge.code_hash));
    bool const same = equal_constant_time(content_sha256, challenge.content_sha256);
    bool const in_time = at >= challenge.made_at && at < challenge.expires_at;
    if (!(right & same & in_time)) return std::nullopt;
    OtpProof proof;
    proof.challenge_id_ = challenge.id;
    proof.person_ = challenge.person;
    proof.content_sha256_ = challenge.content_sha256;
    proof.channel_ = challenge.channel;
    proof.at_ = at;
    return proof;
}

std::string OtpKey::blind(std::string_view purpose, std::string_view value) const
{
    return hex(std::string_view{detail::hmac("SHA256", key_for(secret_, "blind"), joined({purpose, value}))});
}

std::string OtpKey::seal(std::string_view purpose, std::string_view value) const
{
    auto const key = key_for(secret_, "seal");
    auto sealed = random_bytes(nonce_bytes);
    Cipher const cipher{EVP_CIPHER_CTX_new()};
    std::string body(value.size(), '\0');
    std::array<unsigned char, tag_bytes> tag{};
    int done = 0, last = 0;
    auto* const out = reinterpret_cast<unsigned char*>(body.data());
    bool const ok = cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(sealed)) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), nullptr, &done, bytes_of(purpose), static_cast<int>(purpose.size())) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), out, &done, bytes_of(value), static_cast<int>(value.size())) == 1 &&
                    EVP_EncryptFinal_ex(cipher.get(), out + done, &last) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) == 1;
    if (!ok) throw std::runtime_error("AES-256-GCM");
    sealed += body;
    sealed.append(tag.begin(), tag.end());
    return sealed;
}

std::optional<std::string> OtpKey::open(std::string_view purpose, std::string_view sealed) const
{
    if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
    auto const key = key_for(secret_, "seal");
    auto const body = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    std::string tag{sealed.substr(sealed.size() - tag_bytes)};
    Cipher const cipher{EVP_CIPHER_CTX_new()};
    std::string value(body.size(), '\0');
    int done = 0, last = 0;
    auto* const out = reinterpret_cast<unsigned char*>(value.data());
    bool const ok = cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(sealed)) == 1 &&
                    EVP_DecryptUpdate(cipher.get(), nullptr, &done, bytes_of(purpose), static_cast<int>(purpose.size())) == 1 &&
                    EVP_DecryptUpdate(cipher.get(), out, &done, bytes_of(body), static_cast<int>(body.size())) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(cipher.get(), out + done, &last) == 1;
    if (!ok) return std::nullopt;
    return value;
}

std::string random_id() { return hex(std::string_view{random_bytes(16)}); }

std::optional<std::string> hotp(std::string_view secret, std::uint64_t counter, unsigned digits)
{
    std::array<char, digits_max + 2> code{};
    if (digits < digits_min || digits > digits_max) return std::nullopt;
    if (oath_hotp_generate(secret.data(), secret.size(), counter, digits, false, OATH_HOTP_DYNAMIC_TRUNCATION, code.data()) != OATH_OK)
        return std::nullopt;
    return std::string{code.data()};
}

std::optional<std::string> totp(std::string_view secret, std::chrono::sys_seconds at, std::chrono::seconds step, unsigned digits,
                                std::string_view algorithm, std::chrono::sys_seconds start)
{
    int flags = 0;
    if (algorithm == "sha256") flags = OATH_TOTP_HMAC_SHA256;
    else if (algorithm == "sha512") flags = OATH_TOTP_HMAC_SHA512;
    else if (algorithm != "sha1") return std::nullopt;
    if (digits < digits_min || digits > digits_max || at < start) return std::nullopt;
    if (step.count() < 1 || step.count() > std::numeric_limits<unsigned>::max()) return std::nullopt;
    auto const now = at.time_since_epoch(), from = start.time_since_epoch();
    std::array<char, digits_max + 2> code{};
    if (oath_totp_generate2(secret.data(), secret.size(), now.count(), static_cast<unsigned>(step.count()), from.count(), digits, flags,
                            code.data()) != OATH_OK)
        return std::nullopt;
    return std::string{code.data()};
}

}  // namespace signing
