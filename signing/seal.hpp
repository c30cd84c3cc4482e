#pragma once

// Checks seals of our own (sign_canonical()) by the thousand: the key is read once, and no parser is needed, because the only bytes
// that are believed are the very ones that sign_canonical() writes. What another XML signature would also cover is not our seal;
// Verifier tells more of it.
//
// Threads: immutable after construction; check() may run anywhere. Errors: the constructor throws std::runtime_error where the
// certificate cannot be read; check() never throws for bad input.

#include "signing/certificate.hpp"

#include <memory>
#include <string_view>

namespace signing {

class Seal {
public:
    explicit Seal(std::string_view certificate);  // PEM or DER
    ~Seal();
    Seal(Seal&&) noexcept;
    Seal& operator=(Seal&&) noexcept;

    [[nodiscard]] CertificateFacts const& certificate() const noexcept;
    // Whether this text is what sign_canonical(key, …, signature_id) made, with the key of this certificate.
    [[nodiscard]] bool check(std::string_view sealed, std::string_view signature_id) const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace signing
