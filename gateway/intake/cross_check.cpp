#include "gateway/intake/cross_check.hpp"

#include "gateway/runtime/steady.hpp"
#include "signing/account.hpp"
#include "signing/digest.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace intake {
namespace {

fault::Result<Examined> examined_personal(Criteria const& criteria, providers::Admitted const& sender, Lane lane, std::shared_ptr<std::string const> body,
                                          signing::OtpProof proof, runtime::Instant at)
{
    auto read = read_personal(criteria, std::move(body), at, StageTimer{nullptr});
    if (!read) return read.error();
    return examine_personal(criteria, sender, lane, std::move(*read), std::move(proof), at, StageTimer{nullptr});
}

}  // namespace

CrossCheck::CrossCheck(CrossCheckConfig config, Parts parts) : config_{std::move(config)}, parts_{std::move(parts)} {}

bool CrossCheck::chosen() noexcept
{
    if (config_.share == "all") return true;
    return config_.share == "sample" && seen_.fetch_add(1, std::memory_order_relaxed) % config_.one_in == 0 && in_this_second();
}

// At the peak of the year a sample must not take what the path needs.
bool CrossCheck::in_this_second() noexcept
{
    constexpr std::uint64_t count_bits = 16;
    auto const now = static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(runtime::Steady::now().time_since_epoch()).count());
    for (auto was = second_.load(std::memory_order_relaxed);;) {
        auto const taken = was >> count_bits == now ? was & ((1u << count_bits) - 1) : 0;
        if (taken >= config_.each_second_max) return false;
        if (second_.compare_exchange_weak(was, now << count_bits | (taken + 1), std::memory_order_relaxed)) return true;
    }
}

// A place on the queue and room for one body, given back when the work is done, or at once where there is none.
class CrossCheck::Place {
public:
    Place(CrossCheck& check, std::size_t bytes) : check_{check}, bytes_{bytes}
    {
        bool const a_place = check_.waiting_.fetch_add(1) < check_.config_.waiting_max;
        bool const room = check_.bytes_.fetch_add(bytes_) + bytes_ <= check_.config_.bytes_max;
        fits_ = a_place && room;
    }
    ~Place()
    {
        check_.waiting_.fetch_sub(1);
        check_.bytes_.fetch_sub(bytes_);
    }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;
    [[nodiscard]] bool fits() const noexcept { return fits_; }

private:
    CrossCheck& check_;
    std::size_t bytes_;
    bool fits_ = false;
};

void CrossCheck::offer(Case const& one, Examined const& examined)
{
    if (examined.engine != Engine::sweep || !chosen()) return;
    auto place = std::make_shared<Place>(*this, one.body->size());
    if (!place->fits()) return parts_.metrics.cross_check("passed_over");
    auto work = [this, place = std::move(place), criteria = one.criteria, sender = one.sender, lane = one.lane, body = one.body, at = one.at,
                 proof = one.proof, account = signing::account_of(examined.verified, examined.valid)] {
        compare(*criteria, sender, lane, body, at, proof, account);
    };
    boost::asio::post(parts_.cpu, std::move(work));
}

void CrossCheck::compare(Criteria const& criteria, providers::Admitted const& sender, Lane lane, std::shared_ptr<std::string const> body,
                         runtime::Instant at, std::optional<signing::OtpProof> const& proof, std::string const& account)
{
    auto const tell = [this, content = body](std::string_view said) {
        parts_.metrics.cross_check("disagreed");
        if (parts_.disagreed) parts_.disagreed(signing::hex(signing::sha256(*content)), said);
    };
    try {
        auto reference = criteria;
        reference.engine = Engine::tree;
        auto const second = proof ? examined_personal(reference, sender, lane, std::move(body), *proof, at)
                                  : examine(reference, sender, lane, std::move(body), at, StageTimer{nullptr});
        // Evidence of revocation may have ended between the two, or have come: no word about the engines.
        if (!second && second.error().code == fault::FaultCode::revocation_unknown) return parts_.metrics.cross_check("passed_over");
        auto const said = second ? signing::account_of(second->verified, second->valid) : "refused: " + std::string{fault::row_of(second.error().code).id} + "\n";
        bool const agreed = said == account;
        if (agreed) return parts_.metrics.cross_check("agreed");
        auto const differ = signing::difference(account, said);
        tell(fmt::format("sweep: {}; tree: {}", differ.first, differ.second));
    } catch (std::exception const& error) {
        tell(error.what());
    }
}

}  // namespace intake
