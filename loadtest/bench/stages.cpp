#include "loadtest/bench/stages.hpp"

#include "gateway/dossier/receipt.hpp"
#include "gateway/store/detail/compress.hpp"
#include "loadtest/bench/crypto.hpp"
#include "schemas/base64.hpp"
#include "schemas/detail/form_run.hpp"
#include "schemas/one_sweep.hpp"
#include "schemas/scanner.hpp"
#include "signing/detail/canonical_writer.hpp"
#include "signing/detail/value.hpp"
#include "signing/witness.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench
{

namespace
{

void must(bool holds, char const* what)
{
    if (!holds) throw std::runtime_error(std::string{"refused in the stage "} + what);
}

// Hears and forgets; the counter keeps the compiler from forgetting too.
class Nobody final : public schemas::Events {
public:
    void start(schemas::StartEvent const& tag) override { heard += tag.name.size(); }
    void end(schemas::EndEvent const& tag) override { heard += tag.name.size(); }
    void text(schemas::TextEvent const& text) override { heard += text.text.size(); }
    void comment(std::string_view) override {}
    void instruction(std::string_view, std::string_view) override {}
    std::size_t heard = 0;
};

class Counted final : public signing::detail::Bytes {
public:
    void take(std::string_view bytes) override { total += bytes.size(); }
    std::size_t total = 0;
};

Stage scan(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    auto const nobody = std::make_shared<Nobody>();
    return {[&world, &form, nobody] { must(schemas::scan_whole(form, world.criteria.limits.form, *nobody), "scan"); }, form.size()};
}

Stage scan_libxml2(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    auto const nobody = std::make_shared<Nobody>();
    return {[&world, &form, nobody] { must(schemas::sweep(form, world.criteria.limits.form, *nobody), "scan_libxml2"); }, form.size()};
}

Stage copy(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    auto const room = std::make_shared<std::string>(form.size(), '\0');
    return {[&form, room] {
                std::memcpy(room->data(), form.data(), form.size());
                asm volatile("" : : "r"(room->data()) : "memory");
            },
            form.size()};
}

Stage hash(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    return {[&form] {
                auto const digest = signing::sha256(form);
                asm volatile("" : : "r"(digest.data()) : "memory");
            },
            form.size()};
}

Stage base64(World const& world, std::int64_t people)
{
    auto const text = std::make_shared<std::string const>(schemas::base64_encode(world.form(people)));
    auto const window = std::make_shared<std::vector<char>>(64u << 10);
    auto decode = [text, window] {
        schemas::Base64Stream decoder;
        decoder.begin();
        for (std::string_view left = *text; !left.empty();) {
            auto const step = decoder.feed(left, *window);
            must(!step.refused && step.taken > 0, "base64");
            left.remove_prefix(step.taken);
        }
        must(decoder.end(), "base64");
    };
    return {std::move(decode), text->size()};
}

// Scanner and canonical form, without a digest.
Stage canonical(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    struct Parts {
        Counted counted;
        signing::detail::CanonicalWriter writer;
    };
    auto const parts = std::make_shared<Parts>();
    return {[&world, &form, parts] {
                parts->writer.begin({}, parts->counted);
                must(schemas::scan_whole(form, world.criteria.limits.form, parts->writer), "canonical");
                parts->writer.finish();
            },
            form.size()};
}

// Scanner, canonical form, its digest, and what the Signature says.
Stage witness(World const& world, std::int64_t people)
{
    auto const& form = world.form(people);
    auto const witness = std::make_shared<signing::Witness>();
    return {[&world, &form, witness] {
                static signing::Policy const policy;
                witness->begin(policy, world.now);
                auto* const listener = witness->begin_form(0, true);
                must(listener != nullptr && schemas::scan_whole(form, world.criteria.limits.form, *listener), "witness");
                witness->end_form();
            },
            form.size()};
}

// Scanner, shape table and rules of the day.
Stage shape_and_rules(World const& world, std::int64_t people)
{
    using namespace schemas::detail;
    auto const& form = world.form(people);
    struct Parts {
        explicit Parts(Law loaded, std::chrono::sys_days day) : law{std::move(loaded)}, of_day{law, day} {}
        Law law;
        LawOfDay of_day;
        std::shared_ptr<FormPlan const> plan;
        FormRun run;
    };
    auto const day = runtime::vietnam_day(world.now);
    auto const parts = std::make_shared<Parts>(Law::load(world.rules_directory), day);
    auto const entry = world.catalogue->find("D02-TS", "", day);
    must(bool{entry}, "shape_and_rules");
    parts->plan = FormPlan::of(world.catalogue->shape(**entry), (*entry)->form);
    return {[&world, &form, parts] {
                parts->run.begin(*parts->plan, parts->of_day, "0101300842");
                must(schemas::scan_whole(form, world.criteria.limits.form, parts->run) && parts->run.sound(), "shape_and_rules");
            },
            form.size()};
}

// The whole dossier but values and certificates.
Stage sweep(World const& world, std::int64_t people)
{
    auto const& body = world.body(people);
    auto const witness = std::make_shared<signing::Witness>();
    return {[&world, &body, witness] {
                static signing::Policy const policy;
                witness->begin(policy, world.now);
                auto const swept = schemas::sweep_dossier(body, world.criteria.limits, *world.criteria.validator,
                                                          runtime::vietnam_day(world.now), *witness);
                must(swept && witness->plain(), "sweep");
            },
            body->size()};
}

template <BareSignature::Kind kind>
Stage verify_value(World const&, std::int64_t)
{
    auto const bare = std::make_shared<BareSignature const>(kind);
    auto const value = std::make_shared<std::string const>(bare->xml_value());
    char const* const algorithm = kind == BareSignature::Kind::p256 ? "ecdsa-sha256" : "rsa-sha256";
    return {[bare, value, algorithm] {
                must(signing::detail::verify_value(algorithm, static_cast<EVP_PKEY*>(bare->key()), bare->text(), *value), "verify_value");
            },
            bare->text().size()};
}

template <BareSignature::Kind kind>
Stage bare_verify(World const&, std::int64_t)
{
    auto const bare = std::make_shared<BareSignature const>(kind);
    return {[bare] { bare->verify(); }, bare->text().size()};
}

template <BareSignature::Kind kind>
Stage bare_sign(World const&, std::int64_t)
{
    auto const bare = std::make_shared<BareSignature const>(kind);
    return {[bare] { bare->sign(); }, bare->text().size()};
}

template <BareSignature::Kind kind>
Stage receipt(World const& world, std::int64_t people)
{
    auto const examined = world.examined(people);
    auto const sender = world.sender();
    auto facts = std::make_shared<dossier::ReceiptFacts>(
        dossier::facts_of(sender.provider(), examined.verified, examined.valid, signing::hex(signing::sha256(world.dossier(people)))));
    facts->dossier_id = "0197a3b2-0000-7000-8000-000000000001";
    facts->case_code = "00001.G/2026/00108";
    auto const key = kind == BareSignature::Kind::p256 ? world.receipt_key : world.receipt_key_rsa;
    auto const bytes = dossier::seal(*facts, *key).xml.size();
    return {[facts, key] { must(!dossier::seal(*facts, *key).xml.empty(), "receipt"); }, bytes};
}

Stage copy_body(World const& world, std::int64_t people)
{
    auto const& body = world.dossier(people);
    auto const room = std::make_shared<std::string>(body.size(), '\0');
    return {[&body, room] {
                std::memcpy(room->data(), body.data(), body.size());
                asm volatile("" : : "r"(room->data()) : "memory");
            },
            body.size()};
}

// The whole dossier, as it is stored.
template <store::detail::Codec codec>
Stage pack(World const& world, std::int64_t people)
{
    auto const& body = world.dossier(people);
    auto const packed = store::detail::pack(codec, body).size();
    return {[&body, packed] { must(store::detail::pack(codec, body).size() == packed, "pack"); }, body.size(), packed};
}

template <store::detail::Codec codec>
Stage unpack(World const& world, std::int64_t people)
{
    auto const& body = world.dossier(people);
    auto const packed = std::make_shared<std::string const>(store::detail::pack(codec, body));
    must(store::detail::unpack(*packed, body.size()) == body, "unpack");
    return {[&body, packed] { must(store::detail::unpack(*packed, body.size()).has_value(), "unpack"); }, body.size(), packed->size()};
}

using store::detail::Codec;
using enum BareSignature::Kind;
constexpr StageRow rows[] = {
    {"scan", "floor_copy", scan},
    {"scan_libxml2", "floor_copy", scan_libxml2},
    {"base64", "floor_copy", base64},
    {"canonical", "floor_hash", canonical},
    {"witness", "floor_hash", witness},
    {"shape_and_rules", "scan", shape_and_rules},
    {"sweep", "crypto_floor", sweep},
    {"pack_lz4", "floor_copy_body", pack<Codec::lz4>},
    {"pack_zstd", "floor_copy_body", pack<Codec::zstd>},
    {"unpack_lz4", "floor_copy_body", unpack<Codec::lz4>},
    {"unpack_zstd", "floor_copy_body", unpack<Codec::zstd>},
    {"floor_copy_body", nullptr, copy_body},
    {"floor_copy", nullptr, copy},
    {"floor_hash", nullptr, hash},
    {"verify_value_rsa", "floor_verify_rsa", verify_value<rsa_2048>},
    {"verify_value_p256", "floor_verify_p256", verify_value<p256>},
    {"floor_verify_rsa", nullptr, bare_verify<rsa_2048>},
    {"floor_verify_p256", nullptr, bare_verify<p256>},
    {"receipt_rsa", "floor_sign_rsa", receipt<rsa_2048>},
    {"receipt_p256", "floor_sign_p256", receipt<p256>},
    {"floor_sign_rsa", nullptr, bare_sign<rsa_2048>},
    {"floor_sign_p256", nullptr, bare_sign<p256>},
};

} // namespace

std::span<StageRow const> stage_rows() { return rows; }

Stage examine_stage(World const& world, std::int64_t people, std::int64_t forms, intake::Engine engine)
{
    struct Parts {
        providers::Admitted sender;
        intake::Criteria criteria;
        std::shared_ptr<std::string const> body;
    };
    auto const parts = std::make_shared<Parts>(Parts{world.sender(), world.criteria, world.body(people, forms)});
    parts->criteria.engine = engine;
    auto examine = [&world, parts, engine] {
        auto const examined = intake::examine(parts->criteria, parts->sender, intake::Lane::dossiers, parts->body, world.now,
                                              intake::StageTimer{nullptr});
        must(examined && examined->engine == engine, "examine");
    };
    return {std::move(examine), parts->body->size()};
}

Stage unknown_certificate_stage(World const& world, std::size_t signers)
{
    struct Parts {
        std::shared_ptr<signing::TrustStore const> trust;
        std::vector<std::string> certificates;
        std::size_t next = 0;
    };
    auto const parts = std::make_shared<Parts>();
    parts->trust = signing::TrustStore::load(world.trust_directory, {});
    signing::dev::Request request;
    request.tax_code = "0101300842";
    request.key = signing::dev::KeyKind::rsa_2048;
    for (std::size_t n = 0; n < signers; ++n) {
        request.common_name = "Đơn vị " + std::to_string(n);
        auto const identity = signing::dev::issue(world.authorities.issuing_ca, request);
        request.key_pem = identity.key_pem;
        parts->certificates.push_back(*signing::certificate_der(identity.certificate_pem));
    }
    auto judge = [&world, parts] {
        auto const& certificate = parts->certificates.at(parts->next++);
        must(parts->trust->chain(certificate, world.now).has_value(), "certificate_unknown");
    };
    return {std::move(judge), parts->certificates.front().size()};
}

Stage crypto_floor_stage(World const& world, std::int64_t people, std::int64_t forms)
{
    struct Parts {
        explicit Parts(schemas::Envelope read) : envelope{std::move(read)} {}
        schemas::Envelope envelope;
        BareSignature bare{rsa_2048};
    };
    auto const parts = std::make_shared<Parts>(world.envelope(people, forms));
    auto floor = [parts] {
        auto digest = signing::sha256(parts->envelope.bytes());
        parts->bare.verify();
        for (auto const& form : parts->envelope.forms()) {
            digest = signing::sha256(form.bytes());
            asm volatile("" : : "r"(digest.data()) : "memory");
            parts->bare.verify();
        }
    };
    return {std::move(floor), parts->envelope.bytes().size()};
}

} // namespace bench
