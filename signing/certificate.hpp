#pragma once

// What we read from a certificate; OpenSSL's types stay in detail/.

#include "signing/digest.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signing {

using Instant = std::chrono::system_clock::time_point;

struct CertificateFacts {
    std::string subject;      // RFC 2253, UTF-8
    std::string issuer;
    std::string common_name;
    std::string serial;       // hex, upper case, no separators
    std::string tax_code;     // from subject UID (0.9.2342.19200300.100.1.1) "MST:…"; empty where there is none
    Sha256      fingerprint{};  // SHA-256 of the DER
    Instant     not_before{}, not_after{};
    std::string key;          // "RSA-2048", "EC-P-256"
};

// A certificate, its issuers and the anchor, as DER; empty where there is none. Many certificates have their issuers in
// common, which are held once for all of them and never change: a copy costs little more than the first.
class CertificatePath {
public:
    using Certificates = std::vector<std::string>;

    CertificatePath() = default;
    CertificatePath(std::string first, std::shared_ptr<Certificates const> issuers) : first_{std::move(first)}, issuers_{std::move(issuers)} {}
    CertificatePath(Certificates whole);  // implicit, as the other way: the same value
    operator Certificates() const { return {begin(), end()}; }

    [[nodiscard]] std::size_t size() const noexcept { return first_.empty() ? 0 : 1 + (issuers_ ? issuers_->size() : 0); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    // REQUIRES: i < size().
    [[nodiscard]] std::string const& operator[](std::size_t i) const noexcept { return i == 0 ? first_ : (*issuers_)[i - 1]; }

    class Iterator {
    public:
        using value_type = std::string;
        using difference_type = std::ptrdiff_t;
        using reference = std::string const&;
        using pointer = std::string const*;
        using iterator_category = std::forward_iterator_tag;
        Iterator() = default;
        Iterator(CertificatePath const* path, std::size_t at) : path_{path}, at_{at} {}
        reference operator*() const noexcept { return (*path_)[at_]; }
        pointer operator->() const noexcept { return &(*path_)[at_]; }
        Iterator& operator++() noexcept { return ++at_, *this; }
        Iterator operator++(int) noexcept { return {path_, at_++}; }
        friend bool operator==(Iterator const&, Iterator const&) = default;

    private:
        CertificatePath const* path_ = nullptr;
        std::size_t at_ = 0;
    };
    [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
    [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }

    friend bool operator==(CertificatePath const& a, CertificatePath const& b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
    friend bool operator==(CertificatePath const& a, Certificates const& b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

private:
    std::string first_;
    std::shared_ptr<Certificates const> issuers_;  // shared by everybody under them
};

// PEM or DER; nothing where it is not exactly one certificate.
[[nodiscard]] std::optional<CertificateFacts> read_certificate(std::string_view pem_or_der);

// Its DER; nothing where it is not exactly one certificate.
[[nodiscard]] std::optional<std::string> certificate_der(std::string_view pem_or_der);

// The DER (SubjectPublicKeyInfo) of a bare public key; nothing where it is not exactly one. Its kind is not judged here.
[[nodiscard]] std::optional<std::string> public_key_der(std::string_view pem_or_der);

// xs:dateTime, as "2025-01-31T08:00:00+07:00"; without a zone it is Vietnam's time (our own choice: .NET writes so).
[[nodiscard]] std::optional<Instant> read_instant(std::string_view text);

}  // namespace signing
