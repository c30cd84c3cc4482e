// Revocation evidence: what loading a CRL costs (small, and 19 MB with half a million entries), what a look-up in it costs,
// and the memory it keeps. Beside them the floors: reading the octets once (a copy), hashing them once (a list is verified
// by that), and a bare binary search over as many records of the same size.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

#include "signing/detail/openssl.hpp"
#include "signing/digest.hpp"
#include "signing/revocation.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <stdexcept>

namespace
{

using signing::detail::Owned;

struct List {
    std::string der;
    std::vector<std::string> serials; // hex; every hundredth
};

void must(bool holds)
{
    if (!holds) throw std::runtime_error("the benchmark's CRL cannot be made");
}

// Serials of 19 octets: 38 octets an entry, as a large CA's list has them.
List make(std::int64_t entries)
{
    auto const& world = bench::World::shared();
    auto const& ca = world.authorities.issuing_ca;
    Owned<BIO, BIO_free_all> const key_text{BIO_new_mem_buf(ca.key_pem.data(), static_cast<int>(ca.key_pem.size()))};
    Owned<BIO, BIO_free_all> const certificate_text{BIO_new_mem_buf(ca.certificate_pem.data(), static_cast<int>(ca.certificate_pem.size()))};
    Owned<EVP_PKEY, EVP_PKEY_free> const key{PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr)};
    Owned<X509, X509_free> const certificate{PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr)};
    Owned<X509_CRL, X509_CRL_free> const crl{X509_CRL_new()};
    auto const now = std::chrono::system_clock::to_time_t(world.now);
    Owned<ASN1_TIME, ASN1_TIME_free> const from{ASN1_TIME_set(nullptr, now - 3600)};
    Owned<ASN1_TIME, ASN1_TIME_free> const until{ASN1_TIME_set(nullptr, now + 86400)};
    Owned<ASN1_INTEGER, ASN1_INTEGER_free> const number{ASN1_INTEGER_new()};
    must(key && certificate && crl && from && until && number);
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate.get()));
    X509_CRL_set1_lastUpdate(crl.get(), from.get());
    X509_CRL_set1_nextUpdate(crl.get(), until.get());
    ASN1_INTEGER_set(number.get(), 1);
    List list;
    for (std::int64_t i = 0; i < entries; ++i) {
        std::array<unsigned char, 19> octets{};
        RAND_bytes(octets.data(), octets.size());
        octets[0] = 0x40;
        ASN1_STRING_set(number.get(), octets.data(), octets.size());
        Owned<X509_REVOKED, X509_REVOKED_free> entry{X509_REVOKED_new()};
        X509_REVOKED_set_serialNumber(entry.get(), number.get());
        X509_REVOKED_set_revocationDate(entry.get(), from.get());
        must(X509_CRL_add0_revoked(crl.get(), entry.get()) == 1);
        (void)entry.release();
        if (i % 100 == 0) list.serials.push_back(signing::hex(std::string_view{reinterpret_cast<char const*>(octets.data()), octets.size()}));
    }
    ASN1_INTEGER_set(number.get(), 1);
    X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, number.get(), 0, 0);
    must(X509_CRL_sign(crl.get(), key.get(), EVP_sha256()) > 0);
    unsigned char* out = nullptr;
    int const size = i2d_X509_CRL(crl.get(), &out);
    must(size > 0);
    list.der.assign(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
    return list;
}

List const& list_of(std::int64_t entries)
{
    static std::map<std::int64_t, List> lists;
    auto found = lists.find(entries);
    if (found == lists.end()) found = lists.emplace(entries, make(entries)).first;
    return found->second;
}

signing::Revocations::Made load(std::vector<signing::Revocations::Piece> const& pieces)
{
    auto const ca = signing::certificate_der(bench::World::shared().authorities.issuing_ca.certificate_pem).value();
    return signing::Revocations::make({ca}, pieces, {});
}

void every_list(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Arg(1'000)->Arg(500'000)->Unit(benchmark::kMicrosecond)->ArgName("entries");
}

void revocation_load(benchmark::State& state)
{
    std::vector<signing::Revocations::Piece> const pieces{{"list", list_of(state.range(0)).der}};
    for (auto _ : state) {
        auto const made = load(pieces);
        if (made.revocations->revoked() != static_cast<std::size_t>(state.range(0))) state.SkipWithError("entries are missing");
        state.counters["index_MB"] = static_cast<double>(made.revocations->memory_bytes()) / 1e6;
    }
    state.counters["list_MB"] = static_cast<double>(pieces.front().bytes.size()) / 1e6;
}
BENCHMARK(revocation_load)->Apply(every_list);

void revocation_lookup(benchmark::State& state)
{
    auto const& list = list_of(state.range(0));
    auto const made = load({{"list", list.der}});
    auto const issuer = made.revocations->facts().front().issuer;
    std::size_t n = 0;
    for (auto _ : state) {
        auto const at = made.revocations->listed(issuer, list.serials[n++ % list.serials.size()]);
        if (!at) state.SkipWithError("not found");
    }
}
BENCHMARK(revocation_lookup)->Apply(every_list);

void revocation_floor_copy(benchmark::State& state)
{
    auto const& der = list_of(state.range(0)).der;
    std::string copy(der.size(), '\0');
    for (auto _ : state) {
        std::memcpy(copy.data(), der.data(), der.size());
        benchmark::DoNotOptimize(copy.data());
        benchmark::ClobberMemory();
    }
}
BENCHMARK(revocation_floor_copy)->Apply(every_list);

void revocation_floor_hash(benchmark::State& state)
{
    auto const& der = list_of(state.range(0)).der;
    for (auto _ : state) benchmark::DoNotOptimize(signing::sha256(der));
}
BENCHMARK(revocation_floor_hash)->Apply(every_list);

void revocation_floor_search(benchmark::State& state)
{
    using Record = std::array<unsigned char, 28>;
    std::vector<Record> records(static_cast<std::size_t>(state.range(0)));
    for (auto& one : records) RAND_bytes(one.data(), one.size());
    auto const wanted = records;
    std::ranges::sort(records);
    std::size_t n = 0;
    for (auto _ : state) {
        auto const found = std::ranges::lower_bound(records, wanted[(n += 100) % wanted.size()]);
        benchmark::DoNotOptimize(found);
    }
}
BENCHMARK(revocation_floor_search)->Apply(every_list);

} // namespace
