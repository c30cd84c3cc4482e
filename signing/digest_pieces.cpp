#include "signing/digest_pieces.hpp"

#include "signing/detail/openssl.hpp"

namespace signing {

struct Sha256Pieces::Data {
    detail::MdCtxPtr context{EVP_MD_CTX_new()};
};

Sha256Pieces::Sha256Pieces() : data_{std::make_unique<Data>()} { begin(); }
Sha256Pieces::~Sha256Pieces() = default;
Sha256Pieces::Sha256Pieces(Sha256Pieces&&) noexcept = default;
Sha256Pieces& Sha256Pieces::operator=(Sha256Pieces&&) noexcept = default;

void Sha256Pieces::begin()
{
    if (!data_->context || EVP_DigestInit_ex2(data_->context.get(), detail::sha256_md(), nullptr) != 1) detail::throw_openssl("SHA-256");
}

void Sha256Pieces::add(std::string_view bytes)
{
    if (EVP_DigestUpdate(data_->context.get(), bytes.data(), bytes.size()) != 1) detail::throw_openssl("SHA-256");
}

Sha256 Sha256Pieces::finish()
{
    Sha256 digest{};
    if (EVP_DigestFinal_ex(data_->context.get(), digest.data(), nullptr) != 1) detail::throw_openssl("SHA-256");
    begin();
    return digest;
}

}  // namespace signing
