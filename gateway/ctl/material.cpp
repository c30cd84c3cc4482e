#include "gateway/ctl/material.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ctl {
namespace {

namespace fs = std::filesystem;
using Piece = signing::Revocations::Piece;

constexpr std::size_t file_bytes_max = 64u << 20;  // a CRL of some 20 MB is known
constexpr std::size_t folder_files_max = 10'000;

// The PEM blocks of `text` whose label ends so ("X509 CRL", "CERTIFICATE"), each with its own lines.
std::vector<std::string> blocks_of(std::string_view text, std::string_view label)
{
    constexpr std::string_view opening = "-----BEGIN ", dashes = "-----";
    std::vector<std::string> blocks;
    for (auto begin = text.find(opening); begin != std::string_view::npos; begin = text.find(opening, begin + 1)) {
        auto const name = begin + opening.size();
        auto const name_end = text.find(dashes, name);
        if (name_end == std::string_view::npos) break;
        if (!text.substr(name, name_end - name).ends_with(label)) continue;
        auto const end = text.find("-----END ", name_end);
        auto const closed = end == std::string_view::npos ? end : text.find(dashes, end + dashes.size());
        if (closed == std::string_view::npos) break;
        blocks.emplace_back(std::string{text.substr(begin, closed + dashes.size() - begin)} + "\n");
    }
    return blocks;
}

bool is_pem(std::string_view bytes) { return bytes.find("-----BEGIN ") != std::string_view::npos; }

// One piece for each thing in the file: a certificate, a CRL.
std::vector<Piece> pieces_of(fs::path const& file, std::string_view label)
{
    auto bytes = read_file(file, file_bytes_max);
    if (!is_pem(bytes)) return {{file.string(), std::move(bytes)}};
    std::vector<Piece> pieces;
    for (auto& block : blocks_of(bytes, label)) {
        auto name = pieces.empty() ? file.string() : fmt::format("{}#{}", file.string(), pieces.size() + 1);
        pieces.push_back({std::move(name), std::move(block)});
    }
    return pieces;
}

std::vector<fs::path> files_in(fs::path const& folder)
{
    std::vector<fs::path> files;
    for (auto const& entry : fs::directory_iterator{folder}) {
        if (!entry.is_regular_file()) continue;
        if (files.size() == folder_files_max) throw std::runtime_error(fmt::format("more than {} files in {}", folder_files_max, folder.string()));
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

bool is_certificate(Piece const& piece) { return signing::certificate_der(piece.bytes).has_value(); }

template <class T>
void append(std::vector<T>& all, std::vector<T> more)
{
    std::ranges::move(more, std::back_inserter(all));
}

// A file must hold certificates. A folder may hold other things beside them, but not nothing.
std::vector<Piece> certificates_in(std::vector<std::string> const& paths, std::string_view option)
{
    std::vector<Piece> all;
    for (auto const& path : paths) {
        std::vector<Piece> found;
        bool const folder = fs::is_directory(path);
        for (auto const& file : folder ? files_in(path) : std::vector<fs::path>{path}) {
            for (auto& piece : pieces_of(file, "CERTIFICATE")) {
                if (is_certificate(piece)) found.push_back(std::move(piece));
                else if (!folder) throw std::runtime_error(fmt::format("{} {}: not a certificate in PEM or DER", option, piece.name));
            }
        }
        if (found.empty()) throw std::runtime_error(fmt::format("{} {}: no certificate in it", option, path));
        append(all, std::move(found));
    }
    return all;
}

// Whoever sends a chain may send anything in it: what is no certificate is passed over and named, and there may be none.
std::vector<Piece> intermediates_in(std::vector<std::string> const& paths, std::vector<signing::Revocations::Refused>& unread)
{
    std::vector<Piece> all;
    for (auto const& path : paths) {
        bool const folder = fs::is_directory(path);
        for (auto const& file : folder ? files_in(path) : std::vector<fs::path>{path}) {
            for (auto& piece : pieces_of(file, "CERTIFICATE")) {
                if (is_certificate(piece)) all.push_back(std::move(piece));
                else if (!folder) unread.push_back({.name = piece.name, .why = "not a certificate in PEM or DER"});
            }
        }
    }
    return all;
}

// What is no CRL or no response is refused later, alone and by name; certificates beside them in a folder are left out.
std::vector<Piece> evidence_in(std::vector<std::string> const& paths, std::string_view label)
{
    std::vector<Piece> all;
    for (auto const& path : paths) {
        bool const folder = fs::is_directory(path);
        for (auto const& file : folder ? files_in(path) : std::vector<fs::path>{path}) {
            for (auto& piece : pieces_of(file, label)) {
                if (!folder || !is_certificate(piece)) all.push_back(std::move(piece));
            }
        }
    }
    return all;
}

bool is_trust_directory(std::string const& path) { return fs::is_directory(fs::path{path} / "anchors"); }

bool has_evidence(std::string const& directory)
{
    return std::ranges::any_of(std::array{"crls", "ocsp"}, [&](char const* name) {
        auto const folder = fs::path{directory} / name;
        return fs::is_directory(folder) && !fs::is_empty(folder);
    });
}

std::vector<std::string> der_of(std::vector<Piece> const& certificates)
{
    std::vector<std::string> all;
    for (auto const& piece : certificates) all.push_back(signing::certificate_der(piece.bytes).value());
    return all;
}

// Anchors with their own dates and policies: more evidence may be given, the anchors stay those of the directory.
Material from_directory(MaterialOptions const& options, signing::Policy policy)
{
    auto const& directory = options.trust.front();
    bool const given = !options.crls.empty() || !options.ocsp.empty();
    Material made;
    made.policy = policy;
    made.revocation_checked = !options.no_crl && (given || has_evidence(directory));
    made.policy.require_crl = made.revocation_checked;
    made.store = signing::TrustStore::load(directory, made.policy);
    made.hints.certificates = der_of(intermediates_in(options.intermediates, made.refused));
    if (given) {
        auto authorities = made.store->authorities();
        authorities.insert(authorities.end(), made.hints.certificates.begin(), made.hints.certificates.end());
        auto fresh = signing::Revocations::make(authorities, evidence_in(options.crls, "X509 CRL"), evidence_in(options.ocsp, "OCSP RESPONSE"));
        made.store = made.store->with(fresh.revocations);
        append(made.refused, std::move(fresh.refused));
    }
    return made;
}

Material from_files(MaterialOptions const& options, signing::Policy policy)
{
    Material made;
    made.policy = policy;
    made.revocation_checked = !options.no_crl && (!options.crls.empty() || !options.ocsp.empty());
    made.policy.require_crl = made.revocation_checked;
    signing::TrustStore::Material material;
    material.anchors = certificates_in(options.trust, "--trust");
    material.intermediates = intermediates_in(options.intermediates, made.refused);
    material.crls = evidence_in(options.crls, "X509 CRL");
    material.ocsp = evidence_in(options.ocsp, "OCSP RESPONSE");
    material.check_revocation = made.revocation_checked;
    made.store = signing::TrustStore::make(material, made.policy);
    return made;
}

// Without any anchor nobody is trusted, and that is a verdict: what the document says is still read and judged before it.
Material nobody(signing::Policy policy)
{
    Material made;
    policy.require_crl = false;
    made.policy = policy;
    made.store = signing::TrustStore::make({}, policy);
    return made;
}

}  // namespace

void add_material_options(CLI::App& command, MaterialOptions& options)
{
    // One value each time, so that none of them swallows the file that stands behind it.
    auto const many = [&](char const* name, std::vector<std::string>& values, char const* help) {
        command.add_option(name, values, help)->allow_extra_args(false);
    };
    many("--trust", options.trust, "Anchors: PEM or DER files, a folder of them, or a trust directory");
    many("--intermediates", options.intermediates, "Further certificates to build paths with: files or folders, in any order");
    many("--crl", options.crls, "CRLs to check revocation with: files or folders");
    many("--ocsp", options.ocsp, "OCSP responses to check revocation with: files or folders");
    command.add_option("--at", options.at, "Time to judge at, as 2025-01-31T08:00:00+07:00; now where not given");
    command.add_flag("--no-crl", options.no_crl, "Do not check revocation");
}

Material read_material(MaterialOptions const& options, signing::Policy policy)
{
    for (auto const* paths : {&options.trust, &options.intermediates, &options.crls, &options.ocsp}) {
        for (auto const& path : *paths) {
            if (!fs::exists(path)) throw std::runtime_error(path + " is not there");
        }
    }
    if (options.trust.empty()) return nobody(policy);
    if (options.trust.size() == 1 && is_trust_directory(options.trust.front())) return from_directory(options, policy);
    if (std::ranges::any_of(options.trust, is_trust_directory)) throw std::runtime_error("a trust directory is given alone, without other anchors");
    return from_files(options, policy);
}

signing::Instant instant_of(std::string const& text)
{
    if (text.empty()) return std::chrono::system_clock::now();
    // RFC 3339 §5.6: T and Z may be small letters.
    auto capital = text;
    std::ranges::replace(capital, 't', 'T');
    std::ranges::replace(capital, 'z', 'Z');
    if (auto const at = signing::read_instant(capital)) return *at;
    throw std::runtime_error("--at takes a date and time as 2025-01-31T08:00:00+07:00");
}

std::string text_of(signing::Instant at) { return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at)); }

boost::json::object json_of(signing::CertificateFacts const& facts)
{
    return {{"subject", facts.subject},
            {"issuer", facts.issuer},
            {"serial", facts.serial},
            {"sha256", signing::hex(facts.fingerprint)},
            {"not_before", text_of(facts.not_before)},
            {"not_after", text_of(facts.not_after)},
            {"key", facts.key}};
}

boost::json::object json_of(signing::RevocationEvidence const& evidence, signing::Instant at)
{
    boost::json::object made{{"source", evidence.source}, {"grace", evidence.grace}};
    if (evidence.this_update == signing::Instant{}) return made;
    made["this_update"] = text_of(evidence.this_update);
    made["next_update"] = text_of(evidence.next_update);
    made["age_seconds"] = evidence.age(at).count();
    return made;
}

Pinned read_pinned(std::string const& file)
{
    auto const bytes = read_file(file, 1u << 20);
    if (auto der = signing::certificate_der(bytes)) return {.certificate = std::move(der), .key = {}};
    if (auto der = signing::public_key_der(bytes)) return {.certificate = {}, .key = std::move(der)};
    throw std::runtime_error(file + " is neither one certificate nor one public key");
}

}  // namespace ctl
