#pragma once

// SHA-256 of bytes that come in pieces, as digest.hpp of those that are whole. Threads: one.

#include "signing/digest.hpp"

#include <memory>
#include <string_view>

namespace signing {

class Sha256Pieces {
public:
    Sha256Pieces();
    ~Sha256Pieces();
    Sha256Pieces(Sha256Pieces&&) noexcept;
    Sha256Pieces& operator=(Sha256Pieces&&) noexcept;
    void add(std::string_view bytes);
    [[nodiscard]] Sha256 finish();  // and begins anew

private:
    void begin();
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace signing
