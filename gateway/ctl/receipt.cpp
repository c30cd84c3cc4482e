// ivanctl receipt verify: is this the receipt the hub gave, and did the key it names sign it while that key's certificate was
// valid? Works offline, and for as long as receipts are kept: time is the receipt's, never today's.
//
// With --proof also: does the dossier stand in the provable log, at the place the receipt names? Everything is computed from the receipt;
// with --head that log is the one of a head that somebody kept.
//
// --certificates says whom to believe (certificates.hpp). The certificate inside the receipt is never believed.
// Exit: 0 it is, 1 it is not, 2 trouble.

#include "gateway/ctl/certificates.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/ctl/log_file.hpp"
#include "gateway/ctl/statement_file.hpp"
#include "gateway/dossier/receipt.hpp"
#include "gateway/dossier/receipt_reader.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/ledger/leaf.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t receipt_bytes_max = 16u << 20;

struct Options {
    std::string file, dossier, proof, head, consistency;
    CertificatesOption certificates;
};

void say_no(Context& context, std::string_view code, std::string const& reason)
{
    context.worsen(Verdict::no);
    context.answer(json::object{{"verdict", "refused"}, {"refusal", code}, {"reason", reason}}, fmt::format("refused: {}\n  {}", code, reason));
}

// The key the receipt names; one without a name (layout 1) is tried with each.
std::vector<KnownCertificate const*> candidates(std::vector<KnownCertificate> const& known, std::string const& key_id)
{
    std::vector<KnownCertificate const*> found;
    for (auto const& one : known)
        if (key_id.empty() || dossier::key_id_of(one.facts) == key_id) found.push_back(&one);
    return found;
}

// Why not, for scripts and for people.
struct No {
    std::string_view code;
    std::string reason;
};

// The octets that must have been logged for this receipt, version 1 of ledger/leaf.hpp.
ledger::Accepted entry_of(dossier::ReceiptWords const& words, std::string_view receipt)
{
    ledger::Accepted entry{words.dossier_id, words.case_code, {}, signing::sha256(receipt), std::chrono::floor<std::chrono::microseconds>(words.received_at), words.provider};
    auto const content = signing::bytes_of_hex(words.content_sha256);
    if (content.size() == entry.content_sha256.size()) std::copy(content.begin(), content.end(), entry.content_sha256.begin());
    return entry;
}

// What a proof's entry says otherwise than the receipt.
std::string difference(std::string const& octets, ledger::Accepted const& wanted)
{
    auto const read = ledger::read_entry(octets);
    auto const* const entry = read ? std::get_if<ledger::Accepted>(&*read) : nullptr;
    if (entry == nullptr) return "the proof is of no accepted dossier";
    if (entry->dossier_id != wanted.dossier_id || entry->case_code != wanted.case_code) return "the proof is of another dossier: " + entry->case_code;
    if (entry->content_sha256 != wanted.content_sha256) return "the log has other bytes of the dossier: SHA-256 " + signing::hex(entry->content_sha256);
    if (entry->receipt_sha256 != wanted.receipt_sha256) return "the log has another receipt: SHA-256 " + signing::hex(entry->receipt_sha256);
    return "the log has another provider or filing time";
}

std::optional<No> check_head(HeadFile const& file, std::string_view whose, std::vector<KnownCertificate> const& known)
{
    auto const trouble = trouble_of_signature(known, file.head.key_id, file.text, file.signature, file.head.at);
    return trouble.empty() ? std::nullopt : std::optional{No{"head_not_signed", fmt::format("{}: {}", whose, trouble)}};
}

std::optional<No> check_proof(ProofFile const& proof, std::optional<HeadFile> const& kept, dossier::ReceiptWords const& words, std::string_view receipt,
                              std::vector<KnownCertificate> const& known, std::string const& consistency)
{
    if (!words.log_index) return No{"not_logged", "the receipt names no place in the log: it is of before there was one"};
    auto const entry = entry_of(words, receipt);
    auto const octets = ledger::bytes_of(entry);
    if (!octets) return No{"not_logged", "the receipt's words are no entry of a log: " + octets.error().detail};
    if (*octets != proof.entry) return No{"other_entry", difference(proof.entry, entry)};
    if (proof.index != *words.log_index) return No{"other_place", fmt::format("the receipt names the place {}, the proof {}", *words.log_index, proof.index)};

    auto const& covering = proof.head ? *proof.head : *kept;
    if (covering.head.size != proof.size) return No{"proof_not_of_head", fmt::format("the proof is of {} leaves, the head of {}", proof.size, covering.head.size)};
    auto const leaf = ledger::leaf_hash(*octets);
    auto const proven = ledger::verify_inclusion({proof.index, proof.size, leaf, covering.head.root}, proof.path);
    if (!proven || leaf != proof.leaf_hash) return No{"proof_wrong", proven ? "its leaf_hash is not that of its entry" : "it does not lead to the head's root: " + proven.error().detail};
    if (proof.head)
        if (auto no = check_head(*proof.head, "the proof's head", known)) return no;
    if (!kept) return std::nullopt;
    if (auto no = check_head(*kept, "the kept head", known)) return no;
    auto const trouble = proof.head ? trouble_of_trees("the proof", proof.head->head, kept->head, consistency) : std::string{};
    return trouble.empty() ? std::nullopt : std::optional{No{"other_log", trouble}};
}

void verify(Context& context, Options const& options)
{
    auto const bytes = read_document(options.file, receipt_bytes_max);
    auto const words = dossier::read_receipt(bytes);
    if (!words) return say_no(context, "not_a_receipt", "these are not the bytes of a receipt as the hub writes them");
    if (!options.dossier.empty() && signing::hex(signing::sha256(read_file(options.dossier))) != words->content_sha256)
        return say_no(context, "other_dossier", "the receipt is for other bytes: SHA-256 " + words->content_sha256);

    std::optional<ProofFile> proof;
    std::optional<HeadFile> kept;
    try {
        if (!options.proof.empty()) proof = read_proof_file(options.proof);
    } catch (std::runtime_error const& error) {
        return say_no(context, "not_a_proof", error.what());
    }
    try {
        if (!options.head.empty()) kept = read_head_file(options.head);
    } catch (std::runtime_error const& error) {
        return say_no(context, "not_a_head", error.what());
    }
    if (proof && !proof->head && !kept)
        throw std::runtime_error(fmt::format("{} has no head, since its size was asked for: give --head with the one of {} leaves", options.proof, proof->size));

    auto const known = options.certificates.read();
    auto const possible = candidates(known, words->key_id);
    if (possible.empty()) return say_no(context, "key_unknown", "none of the certificates is the receipt's key " + words->key_id);

    signing::initialise();
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    if (!document) return say_no(context, name_of(document.error().why), document.error().detail);
    signing::Verifier const verifier{signing::TrustStore::make({}, {}), {}};
    std::optional<signing::Failure> failure;
    for (auto const* const one : possible) {
        signing::XmlOptions pinned;
        pinned.pinned_certificate = one->der;
        auto const signer = verifier.verify_xml(*document, pinned, words->received_at);
        if (!signer) {
            failure = signer.error();
            continue;
        }
        if (!signer->reference.empty()) return say_no(context, "reference_not_whole", "the signature does not cover the whole receipt");
        if (words->received_at < one->facts.not_before || words->received_at > one->facts.not_after)
            return say_no(context, "certificate_not_valid_then", "the certificate was not valid at " + dossier::vietnam_time(words->received_at));
        auto const received = dossier::vietnam_time(words->received_at);
        json::object answer{{"verdict", "valid"},
                            {"case_code", words->case_code},
                            {"dossier_id", words->dossier_id},
                            {"received_at", received},
                            {"content_sha256", words->content_sha256},
                            {"key_id", dossier::key_id_of(one->facts)},
                            {"signer", one->facts.subject}};
        auto text = fmt::format("valid\n  {}, received {}\n  signed by {}", words->case_code, received, one->facts.subject);
        if (proof) {
            if (auto const no = check_proof(*proof, kept, *words, bytes, known, options.consistency)) return say_no(context, no->code, no->reason);
            auto const& head = (proof->head ? *proof->head : *kept).head;
            auto const at = dossier::vietnam_time(head.at);
            answer["log"] = json::object{{"name", head.log}, {"index", proof->index}, {"size", head.size}, {"root", signing::hex(head.root)}, {"head_at", at}};
            text += fmt::format("\n  leaf {} of the {} of the log {} at {}", proof->index, head.size, head.log, at);
        }
        return context.answer(std::move(answer), text);
    }
    say_no(context, name_of(failure->why), failure->detail);
}

}  // namespace

void add_receipt(CLI::App& app, Context& context)
{
    auto* const group = app.add_subcommand("receipt", "Receipts the hub gave");
    group->require_subcommand(1);
    auto const options = std::make_shared<Options>();
    auto* const command = group->add_subcommand("verify", "Says whether a receipt is true, at the time it speaks of; exit 1 where not");
    command->add_option("file", options->file, "The receipt, XML; - is standard input")->required();
    options->certificates.declare(*command);
    command->add_option("--dossier", options->dossier, "The envelope it must be for")->check(CLI::ExistingFile);
    auto* const proof = command->add_option("--proof", options->proof, "The answer of GET /v1/log/proof for it: does it stand in the log?")->check(CLI::ExistingFile);
    auto* const head = command->add_option("--head", options->head, "A head that we kept (the answer of GET /v1/log/head): is it of the proof's log?")
                           ->check(CLI::ExistingFile)
                           ->needs(proof);
    command->add_option("--consistency", options->consistency, "The answer of GET /v1/log/consistency between the two sizes, where they differ")
        ->check(CLI::ExistingFile)
        ->needs(head);
    command->callback([&context, options] { verify(context, *options); });
}

}  // namespace ctl
