#include "gateway/intake/cross_check.hpp"

#include "signing/digest.hpp"

#include <boost/asio/post.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace intake {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::int64_t ticks(signing::Instant at) { return at.time_since_epoch().count(); }

void write_envelope(Out out, schemas::Envelope const& envelope)
{
    auto const& unit = envelope.unit();
    auto const& filing = envelope.filing();
    fmt::format_to(out, "provider {} | {}\n", envelope.provider().alias, envelope.provider().name);
    fmt::format_to(out, "unit {} | {} | {} | {} | {} | {} | {}\n", unit.name, unit.code, unit.kind, unit.tax_code, unit.signatory, unit.phone,
                   unit.agency);
    fmt::format_to(out, "filing {} | {} | {} | {} | {}\n", filing.procedure, filing.procedure_name, filing.period, filing.made_on, filing.iso_process);
    for (auto const& form : envelope.forms()) {
        fmt::format_to(out, "form {} | {} | {} | {} | {} | {} | {}\n", form.code(), form.version(), form.label(), form.description(),
                       form.file_name(), static_cast<int>(form.content()), form.size());
    }
}

void write_signer(Out out, signing::Signer const& signer)
{
    fmt::format_to(out, "signer {} | {} | {} | {} | {} | {} | {} | {}\n", signer.form, signing::hex(signer.certificate.fingerprint), signer.test,
                   signer.signature_algorithm, signer.digest_algorithm, signer.canonicalisation, signer.reference, signer.signed_path);
    if (signer.signing_time) fmt::format_to(out, "signing time {}\n", ticks(*signer.signing_time));
    fmt::format_to(out, "evidence {} | {} | {}\n", signer.revocation.source, signer.revocation.grace, signer.path_der.size());
}

// The first line in which two accounts differ, of both.
std::string difference(std::string_view a, std::string_view b)
{
    auto const at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    auto const line_of = [at](std::string_view text) {
        auto const begin = std::min(at, text.size()) == 0 ? 0 : text.rfind('\n', std::min(at, text.size()) - 1) + 1;
        return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
    };
    return fmt::format("sweep: {}; tree: {}", line_of(a), line_of(b));
}

}  // namespace

std::string account_of(Examined const& examined)
{
    auto const& verified = examined.verified;
    std::string text;
    auto const out = std::back_inserter(text);
    write_envelope(out, verified.envelope());
    for (auto const& file : verified.files()) fmt::format_to(out, "file {} | {}\n", signing::hex(file.sha256), file.size);
    for (auto const& signer : verified.signers()) write_signer(out, signer);
    fmt::format_to(out, "paper {} | grace {} | at {}\n", verified.paper_required(), verified.grace(), ticks(verified.at()));
    for (auto const& form : examined.valid.forms()) fmt::format_to(out, "valid {} | {}\n", form.form, form.version);
    return text;
}

CrossCheck::CrossCheck(CrossCheckConfig config, Parts parts) : config_{std::move(config)}, parts_{std::move(parts)} {}

bool CrossCheck::chosen() noexcept
{
    if (config_.share == "all") return true;
    return config_.share == "sample" && seen_.fetch_add(1, std::memory_order_relaxed) % config_.one_in == 0;
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
                 account = account_of(examined)] {
        compare(*criteria, sender, lane, body, at, account);
    };
    boost::asio::post(parts_.cpu, std::move(work));
}

void CrossCheck::compare(Criteria const& criteria, providers::Admitted const& sender, Lane lane, std::shared_ptr<std::string const> body,
                         runtime::Instant at, std::string const& account)
{
    auto const tell = [this, content = body](std::string_view said) {
        parts_.metrics.cross_check("disagreed");
        if (parts_.disagreed) parts_.disagreed(signing::hex(signing::sha256(*content)), said);
    };
    try {
        auto reference = criteria;
        reference.engine = Engine::tree;
        auto const second = examine(reference, sender, lane, std::move(body), at, StageTimer{nullptr});
        // Evidence of revocation may have ended between the two, or have come: no word about the engines.
        if (!second && second.error().code == fault::FaultCode::revocation_unknown) return parts_.metrics.cross_check("passed_over");
        auto const said = second ? account_of(*second) : "refused: " + std::string{fault::row_of(second.error().code).id} + "\n";
        bool const agreed = said == account;
        agreed ? parts_.metrics.cross_check("agreed") : tell(difference(account, said));
    } catch (std::exception const& error) {
        tell(error.what());
    }
}

}  // namespace intake
