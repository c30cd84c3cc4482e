#include "signing/detail/own_check.hpp"

#include "signing/detail/value.hpp"

#include "signing/digest.hpp"

#include <optional>
#include <string>

namespace signing::detail {
namespace {

// The canonical form of SignedInfo of a policy that allows one Reference is some 1 KB; prefixes in scope add to it.
constexpr std::size_t signed_info_bytes_max = 64u << 10;

struct Digested {
    std::string digest;
    std::size_t bytes = 0;
};

// Straight into the digest, so that a large document is never held a second time (V16).
std::optional<Digested> digest_of(SignatureShape const& shape, Form const& form)
{
    EVP_MD const* const md = digest_named(shape.digest_algorithm);
    MdCtxPtr const context{EVP_MD_CTX_new()};
    if (md == nullptr || !context || EVP_DigestInit_ex2(context.get(), md, nullptr) != 1) throw_openssl("a digest does not start");
    Digested made;
    bool whole = true;
    auto const take = [&](std::string_view bytes) {
        whole = EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 && whole;
        made.bytes += bytes.size();
    };
    if (!form(take)) return std::nullopt;
    made.digest.resize(static_cast<std::size_t>(EVP_MD_get_size(md)));
    if (!whole || EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(made.digest.data()), nullptr) != 1) throw_openssl("a digest does not end");
    return made;
}

}  // namespace

bool check_value(SignatureShape const& shape, EVP_PKEY* key)
{
    std::string canonical;
    bool fits = true;
    auto const take = [&](std::string_view bytes) {
        fits = fits && canonical.size() + bytes.size() <= signed_info_bytes_max;
        if (fits) canonical += bytes;
    };
    if (!canonicalise(shape.signed_info->doc, {.top = shape.signed_info, .without = nullptr}, shape.signed_info_c14n, take)) return false;
    return fits && !canonical.empty() && verify_value(shape.signature_algorithm, key, canonical, shape.value);
}

Checked check_alone(SignatureShape const& shape, EVP_PKEY* key)
{
    return check_with(shape, key, [&](Sink const& sink) {
        return canonicalise(shape.node->doc, {.top = shape.target, .without = shape.node}, shape.reference_c14n, sink);
    });
}

Checked check_with(SignatureShape const& shape, EVP_PKEY* key, Form const& form)
{
    Checked checked;
    auto const digested = digest_of(shape, form);
    // No canonical form, or one of nothing, is nothing that could have been signed (V8).
    if (!digested || digested->bytes == 0) {
        checked.detail = "the document has no canonical form";
        return checked;
    }
    checked.digested_bytes = digested->bytes;
    if (!equal_constant_time(digested->digest, shape.digest)) {
        checked.outcome = Outcome::digest_mismatch;
        checked.detail = "the digest of the canonical form is another";
        return checked;
    }
    bool const verified = check_value(shape, key);
    checked.outcome = verified ? Outcome::valid : Outcome::value_mismatch;
    if (!verified) checked.detail = "the value does not verify over the canonical SignedInfo";
    return checked;
}

}  // namespace signing::detail
