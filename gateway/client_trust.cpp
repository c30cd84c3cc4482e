#include "gateway/client_trust.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace gateway {
namespace {

namespace fs = std::filesystem;

signing::Revocations::Piece read(fs::path const& file)
{
    std::ifstream stream{file, std::ios::binary};
    signing::Revocations::Piece piece{file.string(), {std::istreambuf_iterator<char>{stream}, {}}};
    if (!stream) throw std::runtime_error(file.string() + ": cannot be read");
    return piece;
}

bool says_revoked(signing::TrustStore const& trust, std::string_view der, signing::Instant at)
{
    auto const said = trust.explain(der, at, {}, signing::Purpose::any);
    return !said && said.error().why == signing::Refusal::certificate_revoked;
}

}  // namespace

std::shared_ptr<ClientTrust const> ClientTrust::load(std::string const& client_ca_file, fs::path const& trust_directory, signing::Policy const& policy)
{
    auto made = std::make_shared<ClientTrust>();
    if (client_ca_file.empty()) return made;
    signing::TrustStore::Material material;
    material.anchors.push_back(read(client_ca_file));
    material.crls = signing::TrustStore::crls_in(trust_directory / "clients" / "crls");
    material.check_revocation = false;  // a lack of evidence refuses nobody; what there is counts
    made->own_ = signing::TrustStore::make(material, policy);
    if (!made->own_->refused().empty()) {
        auto const& first = made->own_->refused().front();
        throw std::runtime_error(first.name + ": " + first.why);
    }
    return made;
}

std::string ClientTrust::stamp_of(fs::path const& trust_directory) { return signing::TrustStore::stamp_of(trust_directory / "clients"); }

bool ClientTrust::revoked(std::string_view der, signing::TrustStore const& signers, signing::Instant at) const
{
    return (own_ && says_revoked(*own_, der, at)) || says_revoked(signers, der, at);
}

}  // namespace gateway
