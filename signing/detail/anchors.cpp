#include "signing/detail/anchors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace signing::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours vietnam{7};
// Longer grace than this is no grace any more: our own choice, above any weekend with holidays round it.
constexpr std::chrono::hours grace_max{24 * 30};
constexpr std::size_t crl_urls_max = 16;

// The file beside test anchors that dates them all; an anchor of that name has no policy of its own.
constexpr std::string_view test_dates = "test.toml";

std::string read_file(fs::path const& path)
{
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error("cannot be read");
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<fs::path> files_in(fs::path const& directory, std::initializer_list<std::string_view> extensions)
{
    std::vector<fs::path> files;
    if (!fs::is_directory(directory)) return files;
    for (auto const& entry : fs::directory_iterator{directory}) {
        auto const extension = entry.path().extension().string();
        // A name with a dot before it is a file half written (`ivanctl trust add` renames it when it is whole).
        bool const hidden = entry.path().filename().string().starts_with('.');
        if (!hidden && entry.is_regular_file() && std::ranges::find(extensions, extension) != extensions.end()) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

void refuse_unknown_keys(toml::table const& table, std::initializer_list<std::string_view> known)
{
    for (auto const& [key, value] : table) {
        if (std::ranges::find(known, key.str()) == known.end()) throw std::runtime_error(fmt::format("{}: no such key", key.str()));
    }
}

std::optional<std::chrono::sys_days> date_of(toml::table const& table, std::string_view key)
{
    auto const* const node = table.get(key);
    if (node == nullptr) return std::nullopt;
    auto const date = node->value<toml::date>();
    if (!date) throw std::runtime_error(fmt::format("{} takes a date, as 2027-12-31", key));
    auto const day = std::chrono::year{date->year} / date->month / date->day;
    if (!day.ok()) throw std::runtime_error(fmt::format("{}: no such day", key));
    return std::chrono::sys_days{day};
}

// "48h": a whole number and s, m, h or d.
std::chrono::seconds duration_of(std::string_view text)
{
    constexpr std::array units{std::pair{'s', 1L}, std::pair{'m', 60L}, std::pair{'h', 3600L}, std::pair{'d', 86400L}};
    auto const unit = text.empty() ? units.end() : std::ranges::find(units, text.back(), &std::pair<char, long>::first);
    std::uint32_t number = 0;
    auto const* const end = text.data() + (text.empty() ? 0 : text.size() - 1);
    auto const [rest, error] = std::from_chars(text.data(), end, number);
    if (unit == units.end() || error != std::errc{} || rest != end) throw std::runtime_error("grace takes a duration, as \"48h\"");
    return std::chrono::seconds{static_cast<long>(number) * unit->second};
}

AnchorPolicy::Revocation revocation_of(std::string const& text)
{
    if (text == "hard") return AnchorPolicy::Revocation::hard;
    if (text == "soft") return AnchorPolicy::Revocation::soft;
    if (text == "none") return AnchorPolicy::Revocation::none;
    throw std::runtime_error("revocation is \"hard\", \"soft\" or \"none\"");
}

std::string string_of(toml::node const& node, std::string_view key)
{
    auto text = node.value<std::string>();
    if (!text) throw std::runtime_error(fmt::format("{} takes a text", key));
    return std::move(*text);
}

std::vector<std::string> urls_of(toml::node const& node)
{
    auto const* const list = node.as_array();
    if (list == nullptr) throw std::runtime_error("crl_urls takes a list of addresses");
    if (list->size() > crl_urls_max) throw std::runtime_error(fmt::format("crl_urls: more than {}", crl_urls_max));
    std::vector<std::string> urls;
    for (auto const& one : *list) {
        auto url = string_of(one, "crl_urls");
        if (!url.starts_with("http://") || url.size() > 2000) throw std::runtime_error("crl_urls: http:// addresses alone (a CRL is signed)");
        urls.push_back(std::move(url));
    }
    return urls;
}

// Collects what is wrong with each file, so that an operator sees all of it at once.
class Problems {
public:
    void attempt(std::string const& name, auto&& work)
    {
        try {
            work();
        } catch (std::exception const& error) {
            add(name, error.what());
        }
    }
    void add(std::string_view name, std::string_view what) { text_ += fmt::format("\n  {}: {}", name, what); }
    void finish(std::string_view what) const
    {
        if (!text_.empty()) throw std::runtime_error(std::string{what} + text_);
    }

private:
    std::string text_;
};

std::vector<X509Ptr> certificates_of(std::string_view bytes)
{
    auto found = parse_certificates(bytes);
    if (found.empty()) throw std::runtime_error("holds no certificate that can be read");
    return found;
}

CertificateFacts facts(X509* certificate) { return facts_of(certificate, der_of(certificate)); }

void require_authority(X509* certificate)
{
    bool const authority = X509_check_ca(certificate) != 0;
    drain_errors();
    if (!authority) throw std::runtime_error("is not the certificate of a CA");
}

// A certificate that signs CRLs for its CA is no CA itself (RFC 5280 §6.3.3 f), but has a place among the intermediates.
void require_authority_or_crl_signer(X509* certificate)
{
    bool const signs_crls = (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(certificate) & KU_CRL_SIGN) != 0;
    if (!signs_crls) require_authority(certificate);
}

void read_anchors(fs::path const& folder, bool test, std::vector<Anchor>& anchors, Problems& problems)
{
    std::vector<fs::path> policies_used;
    for (auto const& file : files_in(folder, {".pem", ".der", ".crt", ".cer"})) {
        problems.attempt(file.string(), [&] {
            for (auto& certificate : certificates_of(read_file(file))) {
                require_authority(certificate.get());
                auto read = facts(certificate.get());
                anchors.push_back({std::move(certificate), std::move(read), test, std::nullopt, {}});
                auto const policy = fs::path{file}.replace_extension(".toml");
                if (!fs::exists(policy) || (test && policy.filename() == test_dates)) continue;
                policies_used.push_back(policy);
                problems.attempt(policy.string(), [&] { anchors.back().policy = read_anchor_policy(read_file(policy)); });
            }
        });
    }
    for (auto const& file : files_in(folder, {".toml"})) {
        bool const used = std::ranges::find(policies_used, file) != policies_used.end();
        if (!used && !(test && file.filename() == test_dates)) problems.add(file.string(), "there is no anchor of this name");
    }
}

void date_test_anchors(fs::path const& file, std::vector<Anchor>& anchors, Problems& problems)
{
    if (std::ranges::none_of(anchors, &Anchor::test)) return;
    problems.attempt(file.string(), [&] {
        auto const table = toml::parse(read_file(file));
        refuse_unknown_keys(table, {"accepted_until"});
        auto const until = date_of(table, "accepted_until");
        if (!until) throw std::runtime_error("accepted_until = YYYY-MM-DD is missing");
        for (auto& anchor : anchors) {
            if (anchor.test) anchor.accepted_until = until;
        }
    });
}

// Production and test stay apart: what stood among both would be whatever the order of the files makes it.
void refuse_both_kinds(std::vector<Anchor> const& anchors, Problems& problems)
{
    for (auto const& test : anchors) {
        auto const same = [&](Anchor const& one) { return !one.test && one.facts.fingerprint == test.facts.fingerprint; };
        if (test.test && std::ranges::any_of(anchors, same)) problems.add("anchors", "both a production and a test anchor: " + test.facts.subject);
    }
}

std::vector<Revocations::Piece> pieces_in(fs::path const& folder, std::initializer_list<std::string_view> extensions, Problems& problems)
{
    std::vector<Revocations::Piece> pieces;
    for (auto const& file : files_in(folder, extensions)) {
        problems.attempt(file.string(), [&] { pieces.push_back({file.string(), read_file(file)}); });
    }
    return pieces;
}

std::vector<Revocations::Piece> crls_in(fs::path const& folder, Problems& problems)
{
    return pieces_in(folder, {".pem", ".der", ".crt", ".cer", ".crl"}, problems);
}

}  // namespace

bool in_force(Anchor const& anchor, Instant at)
{
    auto const begins = force_begins(anchor), ends = force_ends(anchor);
    return (!begins || at >= *begins) && (!ends || at <= *ends);
}

std::optional<Instant> force_begins(Anchor const& anchor)
{
    if (!anchor.policy.from) return std::nullopt;
    return Instant{*anchor.policy.from} - vietnam;
}

std::optional<Instant> force_ends(Anchor const& anchor)
{
    if (!anchor.policy.until) return std::nullopt;
    return Instant{*anchor.policy.until} + std::chrono::days{1} - vietnam - std::chrono::seconds{1};
}

AnchorPolicy read_anchor_policy(std::string_view toml)
{
    auto const table = toml::parse(toml);
    refuse_unknown_keys(table, {"revocation", "grace", "from", "until", "crl_urls"});
    AnchorPolicy policy;
    if (auto const* node = table.get("revocation")) policy.revocation = revocation_of(string_of(*node, "revocation"));
    if (auto const* node = table.get("grace")) policy.grace = duration_of(string_of(*node, "grace"));
    if (auto const* node = table.get("crl_urls")) policy.crl_urls = urls_of(*node);
    policy.from = date_of(table, "from");
    policy.until = date_of(table, "until");
    bool const soft = policy.revocation == AnchorPolicy::Revocation::soft;
    if (soft != (policy.grace.count() > 0)) throw std::runtime_error("grace and revocation = \"soft\" go together");
    if (policy.grace > grace_max) throw std::runtime_error(fmt::format("grace: more than {} hours", grace_max.count()));
    if (policy.from && policy.until && *policy.until < *policy.from) throw std::runtime_error("until is before from");
    return policy;
}

TrustFiles read_trust_directory(fs::path const& directory)
{
    TrustFiles files;
    Problems problems;
    read_anchors(directory / "anchors/production", false, files.anchors, problems);
    read_anchors(directory / "anchors/test", true, files.anchors, problems);
    date_test_anchors(directory / "anchors/test" / test_dates, files.anchors, problems);
    refuse_both_kinds(files.anchors, problems);
    if (files.anchors.empty()) problems.add((directory / "anchors").string(), "holds no anchor");
    for (auto const& file : files_in(directory / "intermediates", {".pem", ".der", ".crt", ".cer"})) {
        problems.attempt(file.string(), [&] {
            for (auto& certificate : certificates_of(read_file(file))) {
                require_authority_or_crl_signer(certificate.get());
                auto read = facts(certificate.get());
                files.intermediates.push_back({std::move(certificate), std::move(read)});
            }
        });
    }
    files.crls = crls_in(directory / "crls", problems);
    files.ocsp = pieces_in(directory / "ocsp", {".der", ".ors"}, problems);
    problems.finish("the trust directory cannot be used:");
    return files;
}

std::vector<Revocations::Piece> read_crls(fs::path const& folder)
{
    Problems problems;
    auto pieces = crls_in(folder, problems);
    problems.finish("the revocation lists cannot be used:");
    return pieces;
}

std::string trust_directory_stamp(fs::path const& directory)
{
    std::vector<std::string> lines;
    for (auto const* part : {"anchors/production", "anchors/test", "intermediates", "crls", "ocsp"}) {
        std::error_code error;
        for (fs::directory_iterator at{directory / part, error}, end; !error && at != end; at.increment(error)) {
            if (at->path().filename().string().starts_with('.')) continue;  // half written
            std::error_code gone;
            auto const size = fs::file_size(at->path(), gone);
            auto const time = fs::last_write_time(at->path(), gone);
            lines.push_back(fmt::format("{}|{}|{}\n", at->path().string(), gone ? 0 : size, gone ? 0 : time.time_since_epoch().count()));
        }
    }
    std::ranges::sort(lines);
    return fmt::format("{}", fmt::join(lines, ""));
}

TrustFiles read_trust_material(TrustStore::Material const& material)
{
    TrustFiles files;
    Problems problems;
    for (auto const& piece : material.anchors) {
        problems.attempt(piece.name, [&] {
            for (auto& certificate : certificates_of(piece.bytes)) {
                auto read = facts(certificate.get());
                files.anchors.push_back({std::move(certificate), std::move(read), false, std::nullopt, {}});
                if (!material.check_revocation) files.anchors.back().policy.revocation = AnchorPolicy::Revocation::none;
            }
        });
    }
    for (auto const& piece : material.intermediates) {
        problems.attempt(piece.name, [&] {
            for (auto& certificate : certificates_of(piece.bytes)) {
                auto read = facts(certificate.get());
                files.intermediates.push_back({std::move(certificate), std::move(read)});
            }
        });
    }
    files.crls = material.crls;
    files.ocsp = material.ocsp;
    problems.finish("what was given to judge by cannot be used:");
    return files;
}

}  // namespace signing::detail
