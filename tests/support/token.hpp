#pragma once

// A SoftHSM2 token made for one test program, behind tests/support/token_module.cpp. The module reads where its tokens lie
// once, so there is one token per process; its keys are told apart by their labels.
//
//   if (!support::Token::present()) GTEST_SKIP() << "softhsm2 is not installed";
//   auto& token = support::Token::shared();
//   auto const uri = token.import("receipt", identity.key_pem);

#include "tests/support/pki.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace support {

class Token {
public:
    enum class Weather { fine = 0, away = 1, sessions_lost_once = 2, hangs = 3 };

    [[nodiscard]] static bool present()
    {
        return std::filesystem::exists(module()) && std::system("softhsm2-util --version >/dev/null 2>&1") == 0;
    }
    static Token& shared()
    {
        static Token token;
        return token;
    }

    // The URI of a key with this label; the key's file is gone afterwards.
    std::string import(std::string const& label, std::string const& key_pem)
    {
        auto const file = directory_.path() / "import.pem";
        std::ofstream{file} << key_pem;
        ++keys_;
        run(fmt::format("softhsm2-util --import {} --token ivan --label {} --id {:04x} --pin 7531", file.string(), label, keys_));
        std::filesystem::remove(file);
        return uri("ivan", label);
    }
    [[nodiscard]] std::string uri(std::string const& token, std::string const& label) const
    {
        return fmt::format("pkcs11:token={};object={};type=private?module-path={}&pin-source=file:{}", token, label, IVAN_TOKEN_SHIM, pin_file().string());
    }
    [[nodiscard]] std::filesystem::path pin_file() const { return directory_.path() / "pin"; }
    void write_pin(std::string const& pin, std::filesystem::perms mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
    {
        std::ofstream{pin_file()} << pin << '\n';
        std::filesystem::permissions(pin_file(), mode);
    }
    void weather(Weather now) { reinterpret_cast<void (*)(int)>(symbol("token_weather"))(static_cast<int>(now)); }
    [[nodiscard]] unsigned sessions_opened() { return reinterpret_cast<unsigned (*)()>(symbol("token_sessions_opened"))(); }
    [[nodiscard]] unsigned log_ins() { return reinterpret_cast<unsigned (*)()>(symbol("token_log_ins"))(); }

private:
    Token()
    {
        auto const tokens = directory_.path() / "tokens";
        std::filesystem::create_directories(tokens);
        std::ofstream{directory_.path() / "softhsm2.conf"} << "directories.tokendir = " << tokens.string() << "\nobjectstore.backend = file\nlog.level = ERROR\n";
        ::setenv("SOFTHSM2_CONF", (directory_.path() / "softhsm2.conf").c_str(), 1);
        ::setenv("IVAN_TOKEN_MODULE", module(), 1);
        run("softhsm2-util --init-token --free --label ivan --so-pin 86421357 --pin 7531");
        write_pin("7531");
    }
    static char const* module() { return "/usr/lib/softhsm/libsofthsm2.so"; }
    static void run(std::string const& command)
    {
        if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) throw std::runtime_error("failed: " + command);
    }
    static void* symbol(char const* name)
    {
        void* const library = ::dlopen(IVAN_TOKEN_SHIM, RTLD_NOW | RTLD_LOCAL);
        void* const found = library == nullptr ? nullptr : ::dlsym(library, name);
        if (found == nullptr) throw std::runtime_error("the shim cannot be reached");
        return found;
    }

    TemporaryDirectory directory_;
    unsigned keys_ = 0;
};

}  // namespace support
