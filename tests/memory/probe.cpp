// What one examination costs in memory, seen from a process that does nothing else:
//
//   memory_probe ENGINE TRUST_DIRECTORY UNIX_TIME WARM_UP_FILE DOSSIER_FILE
//
// reads what a gateway has read when it is ready, examines a small dossier so that everything lazy has been made, and then
// examines the dossier as intake::examine does. ENGINE `both`: the sweep, and the tree (read, verify, validate) where the sweep
// leaves it; `tree` and `sweep`: that one alone, the sweep's verdict being `left` where it does not accept. The growth counts the
// body itself as well. Prints one line: growth in bytes, body in bytes, and the verdict.

#include "schemas/catalogue.hpp"
#include "schemas/envelope.hpp"
#include "schemas/rules.hpp"
#include "schemas/validator.hpp"
#include "signing/policy.hpp"
#include "signing/trust.hpp"
#include "signing/verifier.hpp"

#include <malloc.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

std::size_t status_kib(std::string_view field)
{
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::stoul(line.substr(field.size() + 1));
    throw std::runtime_error("no such field in /proc/self/status");
}

std::string contents(char const* file)
{
    std::ifstream stream{file, std::ios::binary};
    std::string bytes(std::filesystem::file_size(file), '\0');  // as large as it is and no larger
    stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!stream) throw std::runtime_error(std::string{"cannot read "} + file);
    return bytes;
}

struct Judge {
    signing::Verifier verifier;
    schemas::Validator validator;
    signing::Instant at;
    std::string engine;

    std::string operator()(char const* file) const
    {
        auto const body = std::make_shared<std::string const>(contents(file));
        if (engine != "tree" && verifier.sweep(body, schemas::EnvelopeLimits{}, validator, at)) return "valid";
        if (engine == "sweep") return "left";
        auto envelope = schemas::read_envelope(body, schemas::EnvelopeLimits{});
        if (!envelope) return std::string{schemas::name_of(envelope.error().why)};
        auto verified = verifier.verify(std::move(*envelope), at);
        if (!verified) return std::string{signing::name_of(verified.error().why)};
        auto valid = validator.validate(verified->envelope(), std::chrono::floor<std::chrono::days>(at));
        return valid ? "valid" : std::string{schemas::name_of(valid.error().why)};
    }
};

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 6) return 2;
    signing::initialise();
    Judge const judge{signing::Verifier{signing::TrustStore::load(argv[2], {}), signing::Policy{}},
                      schemas::Validator{schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules")},
                      signing::Instant{std::chrono::seconds{std::atoll(argv[3])}}, argv[1]};
    judge(argv[4]);
    malloc_trim(0);
    std::ofstream{"/proc/self/clear_refs"} << "5";  // the peak begins again from here
    auto const before = status_kib("VmRSS:");
    auto const verdict = judge(argv[5]);
    auto const peak = status_kib("VmHWM:");
    std::printf("%zu %zu %s\n", (peak - std::min(peak, before)) << 10, static_cast<std::size_t>(std::filesystem::file_size(argv[5])), verdict.c_str());
    return 0;
} catch (std::exception const& trouble) {
    std::fprintf(stderr, "memory_probe: %s\n", trouble.what());
    return 2;
}
