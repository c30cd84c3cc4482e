// ivanctl receipt verify: is this the receipt the hub gave, and did the key it names sign it while that key's certificate was
// valid? Works offline, and for as long as receipts are kept: time is the receipt's, never today's.
//
// --certificates says whom to believe (certificates.hpp). The certificate inside the receipt is never believed.
// Exit: 0 it is, 1 it is not, 2 trouble.

#include "gateway/ctl/certificates.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/dossier/receipt.hpp"
#include "gateway/dossier/receipt_reader.hpp"
#include "gateway/dossier/time.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t receipt_bytes_max = 16u << 20;

struct Options {
    std::string file, dossier;
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

void verify(Context& context, Options const& options)
{
    auto const bytes = read_document(options.file, receipt_bytes_max);
    auto const words = dossier::read_receipt(bytes);
    if (!words) return say_no(context, "not_a_receipt", "these are not the bytes of a receipt as the hub writes them");
    if (!options.dossier.empty() && signing::hex(signing::sha256(read_file(options.dossier))) != words->content_sha256)
        return say_no(context, "other_dossier", "the receipt is for other bytes: SHA-256 " + words->content_sha256);

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
        context.answer(json::object{{"verdict", "valid"},
                                    {"case_code", words->case_code},
                                    {"dossier_id", words->dossier_id},
                                    {"received_at", received},
                                    {"content_sha256", words->content_sha256},
                                    {"key_id", dossier::key_id_of(one->facts)},
                                    {"signer", one->facts.subject}},
                       fmt::format("valid\n  {}, received {}\n  signed by {}", words->case_code, received, one->facts.subject));
        return;
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
    command->callback([&context, options] { verify(context, *options); });
}

}  // namespace ctl
