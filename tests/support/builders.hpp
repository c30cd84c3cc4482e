#pragma once

// Makes what the journal takes: plain rows, for tests of the committer alone, and real evidence (a signed dossier, read,
// verified and validated as the gateway does), for tests that want the whole way.

#include "gateway/dossier/id.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/store/row.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/queue.hpp"
#include "loadtest/corpus.hpp"
#include "providers/registry.hpp"
#include "schemas/validator.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"
#include "tests/support/pki.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace support {

struct PlainDossier {
    std::string provider = "THAISON";
    std::string key = "key-1";
    std::string body = "<Hoso>" + key + "</Hoso>";  // a content of its own for each key
    std::string agency = "00108";
    std::string unit = "TA0001A";
    std::string tax_code = "0101300842";
    std::string procedure = "600";
    runtime::Instant at = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + std::chrono::hours{2};
    std::string corrects{};
};

// A row nobody signed.
inline store::detail::Row row_of(PlainDossier const& plain)
{
    store::detail::Row row;
    auto& facts = row.facts;
    facts.dossier_id = dossier::new_id(plain.at);
    facts.received_at = plain.at;
    facts.provider_code = plain.provider;
    facts.provider_name = "Thái Sơn";
    facts.unit_name = "Công ty TNHH Thử Nghiệm";
    facts.unit_code = plain.unit;
    facts.tax_code = plain.tax_code;
    facts.agency = plain.agency;
    facts.procedure = plain.procedure;
    facts.period = "11/2026";
    facts.content_sha256 = signing::hex(signing::sha256(plain.body));
    facts.content_bytes = plain.body.size();
    facts.forms.push_back({"D02-TS", "1040", "D02-TS.xml", signing::hex(signing::sha256("form")), 4});
    row.packed_body = store::detail::pack(store::detail::Codec::lz4, plain.body);
    row.idempotency_key = plain.key;
    row.trace_id = std::string(32, 'a');
    row.corrects = plain.corrects;
    return row;
}

// A receipt without a signature: tests of the journal care that the bytes are kept, not who signed them.
inline dossier::Receipt plain_receipt(dossier::ReceiptFacts const& facts)
{
    return {dossier::canonical_receipt(facts, ""), "{\"case_code\":\"" + facts.case_code + "\"}"};
}

// What a gateway says of an attempt at this claim.
inline store::Settlement settlement_of(store::Claim const& claim, dossier::State state, runtime::Instant due_at = {}, int http_status = 0,
                                       std::string reason = {})
{
    return {claim.sequence, claim.dossier_id, state, due_at, http_status, std::move(reason), claim.attempts};
}

// One unit that files through one provider, with real certificates. Threads: one.
class Filer {
public:
    explicit Filer(std::string const& tax_code = "0101300842")
        : key_{Pki::key(pki_.unit(tax_code))}, corpus_{config(pki_, tax_code)},
          verifier_{signing::TrustStore::load(pki_.write_trust_directory(directory_.path()), {}), {}},
          validator_{schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules")},
          registry_{{provider()}}
    {
        signing::initialise();
    }
    [[nodiscard]] runtime::Instant now() const { return pki_.now; }
    // A signed D02-TS; each call makes another.
    [[nodiscard]] std::string dossier(unsigned people = 2)
    {
        return corpus_.dossier("600", {corpus_.form("D02-TS", people)}, *key_);
    }
    [[nodiscard]] store::Acceptance acceptance(std::string bytes, std::string key)
    {
        auto sha = signing::hex(signing::sha256(bytes));
        auto envelope = schemas::read_envelope(std::move(bytes), {});
        if (!envelope) throw std::runtime_error("the builder's envelope is refused: " + envelope.error().detail);
        auto verified = verifier_.verify(std::move(*envelope), pki_.now);
        if (!verified) throw std::runtime_error("the builder's signature is refused: " + verified.error().detail);
        auto valid = validator_.validate(verified->envelope(), runtime::vietnam_day(pki_.now));
        if (!valid) throw std::runtime_error("the builder's form is refused: " + valid.error().detail);
        auto admitted = registry_.admit({std::string(64, 'a'), ""}, {providers::Role::provider}, runtime::vietnam_day(pki_.now));
        return {std::move(*admitted), std::move(*verified), std::move(*valid), std::move(sha), std::move(key), std::string(32, 'b')};
    }

private:
    static loadtest::CorpusConfig config(Pki const& pki, std::string const& tax_code)
    {
        loadtest::CorpusConfig out;
        out.tax_code = tax_code;
        out.day = runtime::vietnam_day(pki.now);
        return out;
    }
    static providers::Provider provider()
    {
        providers::Provider out;
        out.code = "THAISON";
        out.name = "Thái Sơn";
        out.aliases = {"00040"};
        out.certificates = {std::string(64, 'a')};
        return out;
    }
    Pki const& pki_ = Pki::shared();
    TemporaryDirectory directory_;
    std::shared_ptr<signing::KeyPair const> key_;
    loadtest::Corpus corpus_;
    signing::Verifier verifier_;
    schemas::Validator validator_;
    providers::Registry registry_;
};

}  // namespace support
