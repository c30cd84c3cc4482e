// ivanctl sign: signs a form or an envelope as a unit's software does.

#include "gateway/ctl/context.hpp"
#include "schemas/document.hpp"
#include "signing/policy.hpp"
#include "signing/signer.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

struct Options {
    std::string file, out, key, certificate, holder, digest = "sha256", reference_uri;
    bool exclusive = false, key_value = false, signing_time = false;
};

// The designated place by the root element; a document that is none of ours needs --holder.
std::string holder_of(Options const& options, std::string const& xml)
{
    if (!options.holder.empty()) return options.holder;
    auto const document = schemas::Document::parse(xml, schemas::XmlLimits{});
    if (!document) throw std::runtime_error("the document cannot be read: " + document.error().detail);
    auto const root = document->root_name();
    for (auto const& place : signing::signature_places()) {
        if (place.root == root) return std::string{place.holder};
    }
    throw std::runtime_error(fmt::format("no place is known for a signature in {}: use --holder", root));
}

void sign(Context& context, Options const& options)
{
    auto const key = signing::KeyPair::load(options.key, options.certificate);
    auto const xml = read_file(options.file);
    signing::SignOptions how;
    how.holder = holder_of(options, xml);
    how.exclusive = options.exclusive;
    how.digest = options.digest;
    how.key_value = options.key_value;
    how.reference_uri = options.reference_uri;
    if (options.signing_time) how.signing_time = std::chrono::system_clock::now();
    auto const signed_xml = signing::sign_document(*key, xml, how);
    if (options.out.empty()) {
        context.answer(boost::json::object{{"holder", how.holder}, {"signed", signed_xml}}, signed_xml);
        return;
    }
    write_file(options.out, signed_xml);
    context.answer(boost::json::object{{"holder", how.holder}, {"file", options.out}, {"signer", key->certificate().subject}},
                   fmt::format("{}: signed in {} by {}", options.out, how.holder, key->certificate().subject));
}

}  // namespace

void add_sign(CLI::App& app, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("sign", "Signs a form or an envelope with a unit's key");
    command->add_option("file", options->file, "XML form or envelope")->required();
    command->add_option("--key", options->key, "Private key, PEM")->required();
    command->add_option("--cert", options->certificate, "Certificate, PEM")->required();
    command->add_option("--out", options->out, "File to write; standard output where not given");
    command->add_option("--holder", options->holder, "Child of the root that receives the signature; known for our forms");
    command->add_option("--digest", options->digest, "sha256 sha384 sha512, or sha1 to try what is refused")
        ->check(CLI::IsMember({"sha1", "sha256", "sha384", "sha512"}));
    command->add_option("--reference-uri", options->reference_uri, "\"\" for the document, or #id of the root");
    command->add_flag("--exclusive", options->exclusive, "Exclusive canonicalisation");
    command->add_flag("--key-value", options->key_value, "KeyValue beside the certificate");
    command->add_flag("--signing-time", options->signing_time, "Add SigningTime, now");
    command->callback([&context, options] { sign(context, *options); });
}

}  // namespace ctl
