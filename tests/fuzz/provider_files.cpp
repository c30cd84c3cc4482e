// An operator's credentials of providers, and the seed of the registry: any bytes end in values or in a
// std::runtime_error that says what is wrong. The first byte chooses the file.

#include "providers/overlay.hpp"
#include "providers/seed.hpp"
#include "tests/fuzz/must.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

using fuzz::must;

namespace {

// Files of this process, in memory where the system has such a folder.
std::filesystem::path const& folder()
{
    static auto const made = [] {
        auto const base = std::filesystem::exists("/dev/shm") ? std::filesystem::path{"/dev/shm"} : std::filesystem::temp_directory_path();
        auto pattern = (base / "ivan-fuzz-XXXXXX").string();
        must(::mkdtemp(pattern.data()) != nullptr);
        static std::string const path = pattern;
        std::atexit([] { std::filesystem::remove_all(path); });
        std::filesystem::copy_file(IVAN_SOURCE_DIR "/providers/seed/agencies.toml", std::filesystem::path{path} / "agencies.toml");
        return std::filesystem::path{path};
    }();
    return made;
}

void write(std::filesystem::path const& file, std::string_view bytes)
{
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) return 0;
    auto const bytes = fuzz::text_of(data + 1, size - 1);
    try {
        if (data[0] % 2 == 0) {
            write(folder() / "overlay.toml", bytes);
            for (auto const& one : providers::load_overlay(folder() / "overlay.toml")) {
                must(!one.code.empty());
                for (auto const& certificate : one.certificates) must(certificate.size() == 64);
                for (auto const& hash : one.key_hashes) must(hash.size() == 64);
            }
        } else {
            write(folder() / "providers.toml", bytes);
            for (auto const& one : providers::load_seed(folder()).providers) must(!one.code.empty() && !one.name.empty());
        }
    } catch (std::runtime_error const& error) {
        must(error.what()[0] != '\0');
    }
    return 0;
}
