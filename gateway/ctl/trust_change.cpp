#include "gateway/ctl/trust_change.hpp"

#include "signing/trust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace ctl {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t certificate_bytes_max = 1u << 20;
constexpr std::size_t crl_bytes_max = 64u << 20;

struct Options {
    std::string trust, file, as = "intermediate", name;
    std::string revocation, grace, from, until, accepted_until;
    std::vector<std::string> crl_urls;
};

// A copy of the directory, by hard links where the file system knows them, to try a change on.
class Rehearsal {
public:
    explicit Rehearsal(fs::path const& directory)
    {
        auto pattern = (directory / ".rehearsal-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error{errno, std::generic_category(), "cannot write in " + directory.string()};
        path_ = pattern;
        for (auto const* part : {"anchors/production", "anchors/test", "intermediates", "crls", "ocsp"}) copy(directory / part, path_ / part);
    }
    ~Rehearsal()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Rehearsal(Rehearsal const&) = delete;
    Rehearsal& operator=(Rehearsal const&) = delete;
    [[nodiscard]] fs::path const& path() const noexcept { return path_; }

    // Throws what the gateway would say, with the copy's name taken out.
    [[nodiscard]] std::shared_ptr<signing::TrustStore const> load() const
    {
        try {
            return signing::TrustStore::load(path_, {});
        } catch (std::exception const& error) {
            std::string text = error.what();
            auto const prefix = path_.string() + "/";
            for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
            throw std::runtime_error("nothing was changed: " + text);
        }
    }

private:
    static void copy(fs::path const& from, fs::path const& to)
    {
        if (!fs::is_directory(from)) return;
        fs::create_directories(to);
        for (auto const& entry : fs::directory_iterator{from}) {
            if (!entry.is_regular_file()) continue;
            std::error_code no_link;
            fs::create_hard_link(entry.path(), to / entry.path().filename(), no_link);
            if (no_link) fs::copy_file(entry.path(), to / entry.path().filename());
        }
    }
    fs::path path_;
};

// "VNPT Certification Authority" becomes "vnpt-certification-authority"; letters outside ASCII are left out.
std::string slug(std::string_view name)
{
    std::string made;
    for (char const c : name) {
        bool const upper = c >= 'A' && c <= 'Z';
        bool const kept = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (kept) made += static_cast<char>(upper ? c + 32 : c);
        else if (!made.empty() && made.back() != '-') made += '-';
    }
    while (made.ends_with('-')) made.pop_back();
    return made.substr(0, 60);
}

std::string toml_string(std::string_view text)
{
    for (char const c : text) {
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') throw std::runtime_error("not an address: " + std::string{text});
    }
    return fmt::format("\"{}\"", text);
}

// NAME.toml; empty where nothing but the usual holds. The loader judges the values.
std::string policy_text(Options const& options)
{
    std::string text;
    if (!options.revocation.empty()) text += "revocation = " + toml_string(options.revocation) + "\n";
    if (!options.grace.empty()) text += "grace = " + toml_string(options.grace) + "\n";
    if (!options.from.empty()) text += "from = " + options.from + "\n";
    if (!options.until.empty()) text += "until = " + options.until + "\n";
    std::string urls;
    for (auto const& url : options.crl_urls) urls += (urls.empty() ? "" : ", ") + toml_string(url);
    if (!urls.empty()) text += "crl_urls = [" + urls + "]\n";
    return text;
}

struct Change {
    fs::path file;  // below the directory
    std::string bytes;
};

fs::path folder_of(std::string const& as)
{
    if (as == "anchor") return "anchors/production";
    if (as == "test-anchor") return "anchors/test";
    return as == "intermediate" ? "intermediates" : "crls";
}

void refuse_known(fs::path const& directory, signing::CertificateFacts const& facts)
{
    auto const known = [&](fs::path const& file) {
        auto const held = signing::read_certificate(read_file(file, certificate_bytes_max));
        return held && held->fingerprint == facts.fingerprint;
    };
    for (auto const* part : {"anchors/production", "anchors/test", "intermediates"}) {
        if (!fs::is_directory(directory / part)) continue;
        for (auto const& entry : fs::directory_iterator{directory / part}) {
            if (entry.is_regular_file() && entry.path().extension() != ".toml" && known(entry.path())) {
                throw std::runtime_error(fmt::format("already there: {}", entry.path().string()));
            }
        }
    }
}

std::vector<Change> certificate_changes(fs::path const& directory, Options const& options)
{
    auto const bytes = read_file(options.file, certificate_bytes_max);
    auto const facts = signing::read_certificate(bytes);
    if (!facts) throw std::runtime_error(options.file + " is not one certificate");
    refuse_known(directory, *facts);
    auto const name = options.name.empty() ? fmt::format("{}-{}", slug(facts->common_name), signing::hex(facts->fingerprint).substr(0, 8)) : options.name;
    bool const pem = bytes.find("-----BEGIN ") != std::string::npos;
    auto const folder = folder_of(options.as);
    std::vector<Change> changes{{folder / (name + (pem ? ".pem" : ".der")), bytes}};
    auto const policy = policy_text(options);
    bool const anchor = options.as != "intermediate";
    if (!policy.empty() && !anchor) throw std::runtime_error("a policy is for anchors");
    if (!policy.empty()) changes.push_back({folder / (name + ".toml"), policy});
    if (!options.accepted_until.empty()) {
        if (options.as != "test-anchor") throw std::runtime_error("--accepted-until is for test anchors");
        changes.push_back({folder / "test.toml", "accepted_until = " + options.accepted_until + "\n"});
    }
    return changes;
}

std::vector<Change> crl_changes(fs::path const& directory, Options const& options)
{
    auto bytes = read_file(options.file, crl_bytes_max);
    auto const name = options.name.empty() ? slug(fs::path{options.file}.stem().string()) + "-" + signing::hex(signing::sha256(bytes)).substr(0, 8) : options.name;
    auto const held = directory / "crls";
    if (fs::is_directory(held)) {
        for (auto const& entry : fs::directory_iterator{held}) {
            if (entry.is_regular_file() && read_file(entry.path(), crl_bytes_max) == bytes) throw std::runtime_error("already there: " + entry.path().string());
        }
    }
    return {{fs::path{"crls"} / (name + ".crl"), std::move(bytes)}};
}

void answer(Context& context, std::string_view what, std::vector<fs::path> const& files, signing::TrustStore const& store)
{
    json::array names;
    std::string text;
    for (auto const& file : files) {
        names.emplace_back(file.string());
        text += fmt::format("{} {}\n", what, file.string());
    }
    auto const counts = store.counts();
    context.answer(json::object{{"done", what}, {"files", std::move(names)}, {"anchors", counts.anchors}, {"intermediates", counts.intermediates}, {"crls", counts.crls}},
                   text + fmt::format("now {} anchors, {} intermediates, {} CRLs; a running gateway reads them on SIGHUP, and within server.reload_interval",
                                      counts.anchors, counts.intermediates, counts.crls));
}

void add(Context& context, Options const& options)
{
    fs::path const directory{options.trust};
    if (options.name.find('/') != std::string::npos || options.name.starts_with('.')) throw std::runtime_error("--name is a name without folders");
    fs::create_directories(directory);
    auto const changes = options.as == "crl" ? crl_changes(directory, options) : certificate_changes(directory, options);
    for (auto const& change : changes) {
        // Which day test anchors end is one setting for all of them, so that file may be there already.
        if (change.file.filename() != "test.toml" && fs::exists(directory / change.file)) throw std::runtime_error("already there: " + (directory / change.file).string());
    }
    Rehearsal const rehearsal{directory};
    for (auto const& change : changes) write_whole(rehearsal.path() / change.file, change.bytes);
    auto const store = rehearsal.load();
    // Dates first, the policy last: an anchor whose policy is not there yet is held to the hard one.
    std::vector<fs::path> files;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        if (change->file.filename() == "test.toml") write_whole(directory / change->file, change->bytes);
    }
    for (auto const& change : changes) {
        if (change.file.filename() != "test.toml") write_whole(directory / change.file, change.bytes);
        files.push_back(directory / change.file);
    }
    answer(context, "added", files, *store);
}

// By name, or by the fingerprint of the one certificate in it.
fs::path find_file(fs::path const& directory, std::string const& wanted)
{
    std::vector<fs::path> found;
    std::string fingerprint = wanted;
    std::ranges::transform(fingerprint, fingerprint.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    for (auto const* part : {"anchors/production", "anchors/test", "intermediates", "crls", "ocsp"}) {
        if (!fs::is_directory(directory / part)) continue;
        for (auto const& entry : fs::directory_iterator{directory / part}) {
            if (!entry.is_regular_file() || entry.path().extension() == ".toml") continue;
            auto const below = fs::path{part} / entry.path().filename();
            std::error_code unlike;
            if (below == wanted || entry.path().filename() == wanted || fs::equivalent(entry.path(), wanted, unlike)) found.push_back(below);
            else if (wanted.size() == 64) {
                auto const facts = signing::read_certificate(read_file(entry.path(), crl_bytes_max));
                if (facts && signing::hex(facts->fingerprint) == fingerprint) found.push_back(below);
            }
        }
    }
    if (found.empty()) throw std::runtime_error(wanted + " is neither a file of the trust directory nor the SHA-256 of a certificate in it");
    if (found.size() > 1) throw std::runtime_error(wanted + " may be several files; name it with its folder");
    return found.front();
}

void remove(Context& context, Options const& options)
{
    fs::path const directory{options.trust};
    auto const file = find_file(directory, options.file);
    auto const policy = fs::path{file}.replace_extension(".toml");
    bool const has_policy = policy.filename() != "test.toml" && fs::exists(directory / policy);
    Rehearsal const rehearsal{directory};
    std::vector<fs::path> gone{file};
    if (has_policy) gone.insert(gone.begin(), policy);  // first the policy: without it the anchor is held to the hard one
    for (auto const& one : gone) fs::remove(rehearsal.path() / one);
    auto const store = rehearsal.load();
    for (auto& one : gone) {
        one = directory / one;
        fs::remove(one);
    }
    answer(context, "removed", gone, *store);
}

}  // namespace

void write_whole(fs::path const& path, std::string_view bytes)
{
    auto const beside = path.parent_path() / ("." + path.filename().string() + ".new");
    fs::create_directories(path.parent_path());
    write_file(beside, bytes);
    for (auto const& synced : {beside, path.parent_path()}) {
        if (synced != beside) fs::rename(beside, path);
        int const descriptor = ::open(synced.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0 || ::fsync(descriptor) != 0) throw std::system_error{errno, std::generic_category(), synced.string()};
        ::close(descriptor);
    }
}

void add_trust_changes(CLI::App& trust, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const adds = trust.add_subcommand("add", "Puts a certificate or a CRL into a trust directory, if the gateway could use it");
    adds->add_option("file", options->file, "PEM or DER")->required();
    adds->add_option("--trust", options->trust, "Trust directory; made where it is not there")->required();
    adds->add_option("--as", options->as, "anchor, test-anchor, intermediate or crl")->required()
        ->check(CLI::IsMember({"anchor", "test-anchor", "intermediate", "crl"}));
    adds->add_option("--name", options->name, "Name of its file; otherwise made of its own name");
    adds->add_option("--revocation", options->revocation, "Of an anchor: hard, soft or none");
    adds->add_option("--grace", options->grace, "With soft: how long evidence that has ended will do, as 48h");
    adds->add_option("--from", options->from, "First day it is an anchor, as 2026-01-01");
    adds->add_option("--until", options->until, "Last day it is one");
    adds->add_option("--crl-url", options->crl_urls, "Where CRLs are fetched beside those the certificates name (repeat it)");
    adds->add_option("--accepted-until", options->accepted_until, "Last day of all test anchors");
    adds->callback([&context, options] { add(context, *options); });

    auto* const removes = trust.add_subcommand("remove", "Takes a certificate or a CRL out of a trust directory");
    removes->add_option("file", options->file, "Its file, or the SHA-256 of the certificate")->required();
    removes->add_option("--trust", options->trust, "Trust directory")->required();
    removes->callback([&context, options] { remove(context, *options); });
}

}  // namespace ctl
