#include "gateway/intake/client_certificates.hpp"

namespace intake {

std::shared_ptr<ClientCertificate const> ClientCertificates::shown(std::string_view der)
{
    auto const id = signing::sha256(der);
    {
        std::lock_guard const lock{mutex_};
        auto const row = known_.find(id);
        if (auto held = row == known_.end() ? nullptr : row->second.lock()) return held;
    }
    // The last connection that held one takes its row along.
    auto const forget = [this, id](ClientCertificate const* gone) {
        delete gone;
        std::lock_guard const again{mutex_};
        auto const row = known_.find(id);
        if (row != known_.end() && row->second.expired()) known_.erase(row);
    };
    std::shared_ptr<ClientCertificate const> made{new ClientCertificate{std::string{der}, signing::hex(id)}, forget};
    std::lock_guard const lock{mutex_};
    known_[id] = made;  // where another connection was faster, there are two for a while
    return made;
}

bool ClientCertificates::revoked(ClientCertificate const& certificate) const
{
    auto const age = age_.load();  // before the word: what changes meanwhile is asked about again
    auto const word = certificate.word.load();
    if (word >> 1 == age) return (word & 1) != 0;
    bool const revoked = revoked_(certificate.der);
    certificate.word.store(age << 1 | (revoked ? 1 : 0));
    return revoked;
}

}  // namespace intake
