#pragma once

// A root with one CA below it, whose lists and responder stand on a PkiServer: what `ivanctl trust` and the gateway fetch.
// Time is the system's. Threads: the test's; the responder answers on the server's.

#include "signing/certificate.hpp"
#include "signing/dev/issuer.hpp"
#include "tests/support/pki_server.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct LiveCa {
    using Answers = std::vector<signing::dev::OcspAnswer>;

    PkiServer& web;
    signing::dev::Identity root, issuing;
    unsigned number = 0;

    explicit LiveCa(PkiServer& server) : web{server}
    {
        signing::dev::Request top;
        top.common_name = "Live Root";
        top.use = signing::dev::Request::Use::root;
        root = signing::dev::make_root(top);
        signing::dev::Request below;
        below.common_name = "Live CA";
        below.use = signing::dev::Request::Use::issuing_ca;
        below.extensions = {{"crlDistributionPoints", "URI:" + web.url("/root.crl")}};
        issuing = signing::dev::issue(root, below);
    }

    // A unit that names the CA's list, and these responders.
    [[nodiscard]] signing::dev::Identity unit(std::vector<std::string> const& responders = {}) const
    {
        signing::dev::Request made;
        made.common_name = "Công ty TNHH Thử Nghiệm";
        made.tax_code = "0101300842";
        made.extensions = {{"crlDistributionPoints", "URI:" + web.url("/ca.crl")}};
        std::string access;
        for (auto const& url : responders) access += (access.empty() ? "OCSP;URI:" : ",OCSP;URI:") + url;
        if (!access.empty()) made.extensions.push_back({"authorityInfoAccess", access});
        return signing::dev::issue(issuing, made);
    }

    // Lists of now, good for a day.
    void publish(std::vector<signing::dev::Revoked> const& revoked = {})
    {
        ++number;
        auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        web.put("/ca.crl", signing::dev::make_crl(issuing, revoked, now - std::chrono::minutes{1}, now + std::chrono::hours{24}, number));
        web.put("/root.crl", signing::dev::make_crl(root, {}, now - std::chrono::minutes{1}, now + std::chrono::hours{24}, number));
    }
    // What the responder at this path says from now on, whatever it is asked.
    void respond(std::string const& path, Answers answers)
    {
        web.respond(path, [this, answers = std::move(answers)](std::string const&) {
            auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
            return signing::dev::make_ocsp_response(issuing, issuing, answers, now, now + std::chrono::hours{1});
        });
    }

    static void write(std::filesystem::path const& file, std::string const& bytes)
    {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file, std::ios::binary} << bytes;
    }
    void trust(std::filesystem::path const& directory) const
    {
        write(directory / "anchors/production/root.pem", root.certificate_pem);
        write(directory / "intermediates/ca.pem", issuing.certificate_pem);
    }
};

}  // namespace support
