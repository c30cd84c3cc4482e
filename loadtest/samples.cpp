#include "loadtest/samples.hpp"

#include "loadtest/bad_cases.hpp"
#include "loadtest/corpus.hpp"
#include "providers/seed.hpp"

#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <stdexcept>

namespace loadtest {
namespace {

namespace fs = std::filesystem;
using Key = std::shared_ptr<signing::KeyPair const>;

constexpr unsigned people = 3;  // rows of a form

struct Sample {
    std::string name, bytes;
};

class Folder {
public:
    explicit Folder(SamplesConfig const& config) : config_{config} { fs::create_directories(config.out); }

    void write(fs::path const& file, std::string_view bytes)
    {
        fs::create_directories((config_.out / file).parent_path());
        std::ofstream out{config_.out / file, std::ios::binary | std::ios::trunc};
        out << bytes << std::flush;
        if (!out) throw std::runtime_error("cannot write " + (config_.out / file).string());
    }
    [[nodiscard]] Key unit_key(std::string const& name) const
    {
        auto const at = config_.pki / "units" / name;
        return signing::KeyPair::load(at.string() + ".key", at.string() + ".pem");
    }

private:
    SamplesConfig const& config_;
};

std::string lower(std::string text)
{
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

CorpusConfig corpus_of(SamplesConfig const& config, providers::Provider const& party, std::size_t number)
{
    CorpusConfig made;
    made.seed = config.seed * 1000 + number;
    made.provider_alias = party.aliases.front();
    made.provider_name = party.name;
    // The main party's unit is the one quickstart.env names; the others file for units of their own.
    made.unit_code = party.code == config.main_party ? "TA0001A" : fmt::format("TA{:04}B", number + 1);
    made.day = config.day;
    return made;
}

std::vector<Sample> one_per_form(Corpus& corpus, signing::KeyPair const& key)
{
    std::vector<Sample> samples;
    for (auto const& form : Corpus::form_codes())
        samples.push_back({form, corpus.dossier(Corpus::procedure_for(form), {corpus.form(form, people)}, key)});
    return samples;
}

// Other ways of signing that must be accepted too.
std::vector<Sample> ways_of_signing(Corpus& corpus, Folder const& folder)
{
    auto const unit = folder.unit_key("unit"), elliptic = folder.unit_key("unit-ec"), test = folder.unit_key("test-unit");
    auto const forms = [&] { return std::vector{corpus.form("D02-TS", people)}; };
    signing::SignOptions exclusive;
    exclusive.exclusive = true;
    signing::SignOptions vendor;
    vendor.key_value = true;
    vendor.signing_time = std::chrono::system_clock::now();
    auto with_attachment = forms();
    with_attachment.push_back(corpus.attachment());
    return {{"D02-TS with a PDF attachment", corpus.dossier("600", with_attachment, *unit)},
            {"D02-TS signed by ECDSA", corpus.dossier("600", forms(), *elliptic)},
            {"D02-TS, exclusive canonicalisation", corpus.dossier("600", forms(), *unit, exclusive)},
            {"D02-TS, KeyValue and SigningTime", corpus.dossier("600", forms(), *unit, vendor)},
            {"D02-TS by a test certificate", corpus.dossier("600", forms(), *test)}};
}

BadCaseKeys bad_keys(Folder const& folder)
{
    return {.good = folder.unit_key("unit"), .expired = folder.unit_key("expired"), .revoked = folder.unit_key("revoked"),
            .unknown_ca = folder.unit_key("unknown-ca"), .other_owner = folder.unit_key("other-owner")};
}

// What the certificates of a development PKI allow besides.
std::vector<BadCase> bad_certificates(Corpus& corpus, Folder const& folder)
{
    struct Kind {
        char const *certificate, *description, *code;
    };
    constexpr Kind kinds[]{{"not-yet-valid", "signed with a certificate that is valid from next year", "GW-2012"},
                           {"weak-rsa", "signed with an RSA key of 1024 bits", "GW-2008"},
                           {"wrong-usage", "signed with a certificate that may not sign", "GW-2014"},
                           {"no-owner", "signed with a certificate without a tax code", "GW-2017"}};
    std::vector<BadCase> cases;
    for (auto const& kind : kinds)
        cases.push_back({kind.certificate, kind.description, kind.code,
                         corpus.dossier("600", {corpus.form("D02-TS", people)}, *folder.unit_key(kind.certificate))});
    return cases;
}

std::string list_line(fs::path const& file, std::string const& label, std::string const& expected)
{
    return fmt::format("{}\t{}\t{}\n", file.string(), label, expected);
}

std::size_t write_good(Folder& folder, SamplesConfig const& config, providers::Provider const& party, std::size_t number)
{
    bool const is_main = party.code == config.main_party;
    auto const name = lower(party.code);
    auto const key = folder.unit_key("unit");
    Corpus corpus{corpus_of(config, party, number)};
    std::string list;
    auto samples = one_per_form(corpus, *key);
    for (auto const& sample : samples) {
        auto const file = fs::path{name} / (sample.name + ".xml");
        folder.write(file, sample.bytes);
        if (is_main) folder.write(sample.name + ".xml", sample.bytes);
        list += list_line(file, fmt::format("{}  {}", party.code, sample.name), "accepted");
    }
    if (is_main) {
        std::size_t way = 0;
        for (auto const& sample : ways_of_signing(corpus, folder)) {
            auto const file = fs::path{name} / fmt::format("way-{}.xml", ++way);
            folder.write(file, sample.bytes);
            list += list_line(file, fmt::format("{}  {}", party.code, sample.name), "accepted");
            samples.push_back(sample);
        }
    }
    folder.write(name + ".tsv", list);
    return samples.size();
}

// Unsigned, in the name of a person: what is filed with a one-time password (QĐ 352 art. 17).
void write_personal(Folder& folder, SamplesConfig const& config, providers::Provider const& party)
{
    auto personal = corpus_of(config, party, 950);
    personal.unit_name = "Nguyễn Văn An (dữ liệu thử)";
    personal.unit_code = "0126000001";
    personal.tax_code = "001090000001";
    Corpus corpus{personal};
    for (auto const* const form : {"TK1-TS", "D03-TS", "D05-TS"})
        folder.write(fs::path{"person"} / fmt::format("{}.xml", form), corpus.unsigned_envelope(Corpus::procedure_for(form), {corpus.form(form, 1)}));
}

std::size_t write_bad(Folder& folder, SamplesConfig const& config, providers::Provider const& party)
{
    Corpus corpus{corpus_of(config, party, 900)};
    auto cases = bad_cases(corpus, bad_keys(folder));
    for (auto& more : bad_certificates(corpus, folder)) cases.push_back(std::move(more));
    std::string list;
    for (auto const& bad : cases) {
        auto const file = fs::path{"bad"} / (bad.name + ".xml");
        folder.write(file, bad.bytes);
        list += list_line(file, bad.name, bad.expected_code);
    }
    folder.write("bad.tsv", list);
    return cases.size();
}

}  // namespace

std::size_t write_samples(SamplesConfig const& config)
{
    Folder folder{config};
    std::size_t written = 0, number = 0;
    for (auto const& party : providers::load_seed(config.seed_folder).providers) {
        if (party.role == providers::Role::backend) continue;
        if (party.aliases.empty()) throw std::runtime_error(party.code + " has no MaIVAN to file with");
        written += write_good(folder, config, party, number++);
        if (party.code != config.main_party) continue;
        written += write_bad(folder, config, party);
        write_personal(folder, config, party);
    }
    return written;
}

}  // namespace loadtest
