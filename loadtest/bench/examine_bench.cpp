// The whole of what a dossier costs before the commit: read → verify → sender → agency → validate. And the floor under
// it: one SHA-256 over the bytes of every signed document and one RSA-2048 verification for each signature, which no
// engine can do without.
#include "loadtest/bench/world.hpp"
#include "signing/digest.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace
{

void examine(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const sender = world.sender();
    for (auto _ : state) {
        auto examined = intake::examine(world.criteria, sender, intake::Lane::dossiers, world.dossier(state.range(0)),
                                        world.now, intake::StageTimer{nullptr});
        if (!examined) state.SkipWithError("refused");
        benchmark::DoNotOptimize(examined);
    }
}
BENCHMARK(examine)->Apply(bench::every_size);

struct Floor {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::string text = std::string(400, 'x'); // as long as a SignedInfo
    std::string signature;

    Floor()
    {
        EVP_MD_CTX* const context = EVP_MD_CTX_new();
        std::size_t size = 0;
        EVP_DigestSignInit(context, nullptr, sha256, nullptr, key);
        EVP_DigestSign(context, nullptr, &size, bytes(text), text.size());
        signature.resize(size);
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(text), text.size());
        EVP_MD_CTX_free(context);
    }
    Floor(Floor const&) = delete;
    Floor& operator=(Floor const&) = delete;
    ~Floor()
    {
        EVP_PKEY_free(key);
        EVP_MD_free(sha256);
    }
    static unsigned char const* bytes(std::string const& s) { return reinterpret_cast<unsigned char const*>(s.data()); }
    [[nodiscard]] bool verify(EVP_MD_CTX* context) const
    {
        EVP_MD_CTX_reset(context);
        return EVP_DigestVerifyInit(context, nullptr, sha256, nullptr, key) == 1 &&
               EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(text), text.size()) == 1;
    }
};

void crypto_floor(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const envelope = world.envelope(state.range(0));
    Floor const floor;
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    for (auto _ : state) {
        auto digest = signing::sha256(envelope.bytes());
        bool holds = floor.verify(context);
        for (auto const& form : envelope.forms()) {
            digest = signing::sha256(form.bytes());
            holds = holds && floor.verify(context);
        }
        if (!holds) state.SkipWithError("the floor's own signature does not hold");
        benchmark::DoNotOptimize(digest);
    }
    EVP_MD_CTX_free(context);
}
BENCHMARK(crypto_floor)->Apply(bench::every_size);

} // namespace
