#include "loadtest/mix.hpp"

#include "schemas/rules.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace loadtest
{

namespace
{

namespace fs = std::filesystem;

constexpr std::size_t forms_possible = 20;

// Made-up tax codes with a right check digit: 09 is a province's prefix that leaves room for seven digits of n.
std::string tax_code_of(std::size_t n)
{
    for (std::size_t candidate = n * 3;; ++candidate)
        for (int digit = 0; digit < 10; ++digit)
            if (auto code = fmt::format("09{:07}{}", candidate % 10'000'000, digit); schemas::tax_code_ok(code))
                return code;
}

std::string unit_code_of(std::size_t n)
{
    return fmt::format("L{}{:04}{}", static_cast<char>('A' + n / 10'000 % 26), n % 10'000,
                       static_cast<char>('A' + n / 260'000 % 26));
}

std::string read_file(fs::path const& path)
{
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return text.str();
}

// One thread's work: its own corpora, since a Corpus is one thread's.
class Maker {
public:
    Maker(MixConfig const& config, std::vector<Unit> const& units, std::vector<Prepared> const& bad)
        : config_{config}, units_{units}, bad_{bad}
    {
        for (auto const& share : config.main_forms) weights_.push_back(share.weight);
    }

    Prepared make(std::size_t n)
    {
        std::mt19937_64 random{config_.seed * 1'000'003 + n};
        if (!bad_.empty() && std::uniform_real_distribution<double>{0, 1}(random) < config_.refuse_share)
            return bad_[random() % bad_.size()];
        auto const& unit = units_[random() % units_.size()];
        CorpusConfig corpus_config;
        corpus_config.seed = random();
        corpus_config.provider_alias = config_.alias;
        corpus_config.unit_code = unit.unit_code;
        corpus_config.tax_code = unit.tax_code;
        corpus_config.agency = unit.agency;
        Corpus corpus{corpus_config};

        std::discrete_distribution<std::size_t> draw(weights_.begin(), weights_.end());
        auto const& main = config_.main_forms[draw(random)].code;
        auto const wanted = std::uniform_int_distribution<unsigned>{config_.forms_min, config_.forms_max}(random);
        std::vector<PlainForm> forms{corpus.form(main, config_.people)};
        while (forms.size() < wanted) {
            auto form = corpus.form(forms.size() % 2 == 1 ? "D01-TS" : "TK1-TS", config_.people);
            form.file_name = fmt::format("{}-{}.xml", form.code, forms.size() + 1); // names are unique in an envelope
            forms.push_back(std::move(form));
        }
        Prepared prepared;
        prepared.bytes = corpus.dossier(Corpus::procedure_for(main), forms, *unit.key);
        prepared.sha256 = signing::hex(signing::sha256(prepared.bytes));
        prepared.kind = main;
        prepared.unit_code = unit.unit_code;
        prepared.agency = unit.agency;
        prepared.forms = forms.size();
        return prepared;
    }

private:
    MixConfig const& config_;
    std::vector<Unit> const& units_;
    std::vector<Prepared> const& bad_;
    std::vector<double> weights_;
};

} // namespace

std::vector<Unit> make_units(std::size_t count, signing::dev::Identity const& issuer,
                             std::vector<std::string> const& agencies, signing::dev::KeyKind key)
{
    std::vector<Unit> units;
    for (std::size_t n = 0; n < count; ++n) {
        Unit unit;
        unit.tax_code = tax_code_of(n);
        unit.unit_code = unit_code_of(n);
        unit.agency = agencies[n % agencies.size()];
        signing::dev::Request request;
        request.common_name = fmt::format("Đơn vị thử tải {}", n + 1);
        request.tax_code = unit.tax_code;
        request.key = key;
        auto const identity = signing::dev::issue(issuer, request);
        unit.key = signing::KeyPair::from_pem(identity.key_pem, identity.certificate_pem);
        units.push_back(std::move(unit));
    }
    return units;
}

std::vector<Unit> load_units(std::string const& folder, std::vector<std::string> const& agencies)
{
    std::vector<fs::path> keys;
    for (auto const& entry : fs::directory_iterator{folder})
        if (entry.path().extension() == ".key") keys.push_back(entry.path());
    std::sort(keys.begin(), keys.end());
    std::vector<Unit> units;
    for (auto const& path : keys) {
        auto certificate = path;
        certificate.replace_extension(".pem");
        Unit unit;
        unit.key = signing::KeyPair::from_pem(read_file(path), read_file(certificate));
        unit.tax_code = unit.key->certificate().tax_code;
        if (unit.tax_code.empty()) continue; // cannot file for anybody
        // From the tax code, so that the same unit has the same code whichever files lie beside it.
        unit.unit_code = unit_code_of(260'000 + std::stoul(unit.tax_code.substr(0, 9)) % 260'000);
        unit.agency = agencies[units.size() % agencies.size()];
        units.push_back(std::move(unit));
    }
    if (units.empty()) throw std::runtime_error("no NAME.key with a NAME.pem that names a tax code in " + folder);
    return units;
}

std::vector<FormShare> parse_mix(std::string const& text)
{
    auto const known = Corpus::form_codes();
    std::vector<FormShare> shares;
    std::istringstream in{text};
    for (std::string item; std::getline(in, item, ',');) {
        auto const equals = item.find('=');
        FormShare share;
        share.code = item.substr(0, equals);
        if (equals != std::string::npos) share.weight = std::stod(item.substr(equals + 1));
        if (std::find(known.begin(), known.end(), share.code) == known.end())
            throw std::runtime_error("--mix: no form " + share.code);
        if (!(share.weight > 0)) throw std::runtime_error("--mix: the weight of " + share.code + " is not above 0");
        shares.push_back(share);
    }
    if (shares.empty()) throw std::runtime_error("--mix names no form");
    return shares;
}

std::vector<Prepared> make(MixConfig const& config, std::vector<Unit> const& units, std::vector<Prepared> const& bad,
                           std::function<void(std::size_t)> const& progress)
{
    if (units.empty()) throw std::runtime_error("no unit to sign with");
    if (config.forms_min < 1 || config.forms_max < config.forms_min || config.forms_max > forms_possible)
        throw std::runtime_error("--forms must be 1 to 20, as 1..5");
    std::vector<Prepared> all(config.count);
    std::atomic<std::size_t> next{0}, done{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<bool> stop{false};
    std::mutex trouble_mutex;
    std::string trouble;

    auto const work = [&] {
        try {
            Maker maker{config, units, bad};
            for (std::size_t n; !stop && (n = next++) < config.count; ++done) {
                all[n] = maker.make(n);
                if ((bytes += all[n].bytes.size()) > config.bytes_max)
                    throw std::runtime_error(fmt::format("{} dossiers make more than {} MiB: use fewer or smaller ones",
                                                         n + 1, config.bytes_max >> 20));
            }
        } catch (std::exception const& e) {
            stop = true;
            std::lock_guard const lock{trouble_mutex};
            trouble = e.what();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned n = 0; n < std::max(1u, config.threads); ++n) threads.emplace_back(work);
        while (!stop && done < config.count) {
            progress(done);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }
    if (stop) throw std::runtime_error(trouble);
    progress(config.count);
    return all;
}

} // namespace loadtest
