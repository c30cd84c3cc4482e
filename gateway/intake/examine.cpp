#include "gateway/intake/examine.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace intake {
namespace {

using fault::Fault;
using fault::FaultCode;

// A finding of the gateway's own steps: its code is the fault's, its texts are the row's with what was found behind.
schemas::Finding finding_of(FaultCode code, std::string form, std::string_view path, std::string_view found)
{
    auto const& row = fault::row_of(code);
    schemas::Finding finding;
    finding.form = std::move(form);
    finding.path = path;
    finding.code = row.id;
    finding.message_vi = std::string{row.vi} + " (" + std::string{found} + ")";
    finding.message_en = std::string{row.en} + " (" + std::string{found} + ")";
    return finding;
}

Fault fault_with(FaultCode code, std::string detail, schemas::Finding finding)
{
    Fault fault{code, std::move(detail), {}, {}};
    fault.findings.push_back(std::move(finding));
    return fault;
}

// MaIVAN must be a code of the very party that holds the connection.
std::optional<Fault> refuse_sender(providers::Admitted const& sender, schemas::Envelope const& envelope)
{
    auto const& alias = envelope.provider().alias;
    if (sender.owns_alias(alias)) return std::nullopt;
    return fault_with(FaultCode::provider_alias_mismatch, "caller " + sender.provider().code,
                      finding_of(FaultCode::provider_alias_mismatch, "", "/Hoso/NoiDung/ThongTinIVAN/MaIVAN", alias));
}

std::optional<Fault> refuse_agency(providers::Directory const& directory, schemas::Envelope const& envelope)
{
    auto const& agency = envelope.unit().agency;
    if (directory.find(agency)) return std::nullopt;
    return fault_with(FaultCode::agency_unknown, "agency " + agency,
                      finding_of(FaultCode::agency_unknown, "", "/Hoso/NoiDung/ThongTinDonVi/CoQuanQuanLy", agency));
}

std::optional<Fault> refuse_lane(Lane lane, schemas::Envelope const& envelope)
{
    if (lane == Lane::dossiers) return std::nullopt;
    constexpr std::array<std::string_view, 3> registrations{"04_DK-IVAN", "05_SD-IVAN", "06_NG-IVAN"};
    auto const foreign = [&](schemas::Form const& form) {
        return form.xml() != nullptr && std::find(registrations.begin(), registrations.end(), form.code()) == registrations.end();
    };
    auto const& forms = envelope.forms();
    auto const found = std::find_if(forms.begin(), forms.end(), foreign);
    if (found == forms.end()) return std::nullopt;
    return fault_with(FaultCode::registration_form, "form " + found->code(),
                      finding_of(FaultCode::registration_form, found->label(), "/Hoso/NoiDung/ThongTinHoSo/ToKhais", found->code()));
}

}  // namespace

void StageTimer::ended(observe::Stage stage)
{
    if (!metrics_) return;
    auto const now = Time::clock::now();
    metrics_->stage_time(stage, now - last_);
    last_ = now;
}

fault::Result<Examined> examine(Criteria const& criteria, providers::Admitted const& sender, Lane lane, std::string body,
                                runtime::Instant at, StageTimer timer)
{
    return examine(criteria, sender, lane, std::make_shared<std::string const>(std::move(body)), at, timer);
}

fault::Result<Examined> examine(Criteria const& criteria, providers::Admitted const& sender, Lane lane,
                                std::shared_ptr<std::string const> body, runtime::Instant at, StageTimer timer)
{
    auto envelope = schemas::read_envelope(std::move(body), criteria.limits);
    timer.ended(observe::Stage::parse);
    if (!envelope) return fault::fault_of(envelope.error());

    // Before schema and rules: those must see only bytes somebody vouches for.
    auto verified = criteria.verifier->verify(std::move(*envelope), at, signing::Allowance{sender.provider().sha1_until});
    timer.ended(observe::Stage::verify);
    if (!verified) return fault::fault_of(verified.error());

    // Only now is it worth asking what the envelope says of its sender and its addressee.
    if (auto fault = refuse_sender(sender, verified->envelope())) return std::move(*fault);
    if (auto fault = refuse_agency(*criteria.directory, verified->envelope())) return std::move(*fault);
    if (auto fault = refuse_lane(lane, verified->envelope())) return std::move(*fault);

    auto valid = criteria.validator->validate(verified->envelope(), runtime::vietnam_day(at));
    timer.ended(observe::Stage::validate);
    if (!valid) return fault::fault_of(valid.error());

    return Examined{std::move(*verified), std::move(*valid)};
}

}  // namespace intake
