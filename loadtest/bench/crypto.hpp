#pragma once

// Bare cryptography, for floors: a key, a text as long as a SignedInfo, its signature, and a context that is ready.
//
// Threads: one thread's. Errors: std::runtime_error where OpenSSL refuses.

#include <memory>
#include <string>

namespace bench
{

class BareSignature {
public:
    enum class Kind { rsa_2048, p256 };
    explicit BareSignature(Kind kind);
    ~BareSignature();
    BareSignature(BareSignature const&) = delete;
    BareSignature& operator=(BareSignature const&) = delete;

    void verify() const; // of a digest: EVP_PKEY_verify and nothing else
    void sign() const;   // the same the other way
    [[nodiscard]] void* key() const noexcept;            // EVP_PKEY
    [[nodiscard]] std::string const& text() const;       // what was signed
    [[nodiscard]] std::string const& signature() const;  // DER for P-256
    [[nodiscard]] std::string xml_value() const;         // as XMLDSig has it: r‖s for P-256

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

} // namespace bench
