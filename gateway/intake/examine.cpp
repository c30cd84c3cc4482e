#include "gateway/intake/examine.hpp"

#include "gateway/otp/address.hpp"

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
        return form.is_xml() && std::find(registrations.begin(), registrations.end(), form.code()) == registrations.end();
    };
    auto const& forms = envelope.forms();
    auto const found = std::find_if(forms.begin(), forms.end(), foreign);
    if (found == forms.end()) return std::nullopt;
    return fault_with(FaultCode::registration_form, "form " + found->code(),
                      finding_of(FaultCode::registration_form, found->label(), "/Hoso/NoiDung/ThongTinHoSo/ToKhais", found->code()));
}

std::optional<Fault> refuse_procedure(Criteria const& criteria, schemas::Envelope const& envelope, runtime::Instant at)
{
    auto const& code = envelope.filing().procedure;
    if (criteria.rules) {
        auto const* const procedure = criteria.rules->procedure(code, runtime::vietnam_day(at));
        if (procedure == nullptr || procedure->individuals) return std::nullopt;  // unknown: the validator says it better
    }
    return fault_with(FaultCode::otp_procedure, "procedure " + code,
                      finding_of(FaultCode::otp_procedure, "", "/Hoso/NoiDung/ThongTinHoSo/MaThuTuc", code));
}

// What the envelope says of its sender and its addressee: worth asking only once somebody vouches for it.
std::optional<Fault> refuse_address(Criteria const& criteria, providers::Admitted const& sender, Lane lane, schemas::Envelope const& envelope)
{
    if (auto fault = refuse_sender(sender, envelope)) return fault;
    if (auto fault = refuse_agency(*criteria.directory, envelope)) return fault;
    return refuse_lane(lane, envelope);
}

// The fast engine; nothing where it leaves the dossier to the other. Reading, signatures, schemas and rules go by together, so
// what is left to refuse is what the tree would refuse first.
std::optional<fault::Result<Examined>> examine_by_sweep(Criteria const& criteria, providers::Admitted const& sender, Lane lane,
                                                        std::shared_ptr<std::string const> body, runtime::Instant at, StageTimer& timer)
{
    auto swept = criteria.verifier->sweep(std::move(body), criteria.limits, *criteria.validator, at, signing::Allowance{sender.provider().sha1_until});
    timer.ended(observe::Stage::sweep);
    if (!swept) return std::nullopt;
    if (auto fault = refuse_address(criteria, sender, lane, swept->verified.envelope())) return fault::Result<Examined>{std::move(*fault)};
    return fault::Result<Examined>{Examined{std::move(swept->verified), std::move(swept->valid), Engine::sweep}};
}

// The tree's last step: shape and rules, once somebody vouches for the bytes.
fault::Result<Examined> validated(Criteria const& criteria, signing::Verified verified, runtime::Instant at, StageTimer& timer)
{
    auto valid = criteria.validator->validate(verified.envelope(), runtime::vietnam_day(at));
    timer.ended(observe::Stage::validate);
    if (!valid) return fault::fault_of(valid.error());

    return Examined{std::move(verified), std::move(*valid)};
}

fault::Result<ReadPersonal> read_unsigned(Criteria const& criteria, std::shared_ptr<std::string const> body, runtime::Instant at, StageTimer& timer)
{
    if (criteria.engine == Engine::sweep) {
        auto swept = signing::Verifier::sweep_personal(body, criteria.limits, *criteria.validator, at);
        timer.ended(observe::Stage::sweep);
        if (swept) return ReadPersonal{std::move(swept->personal), std::move(swept->valid)};
    }
    auto envelope = schemas::read_envelope(std::move(body), criteria.limits);
    timer.ended(observe::Stage::parse);
    if (!envelope) return fault::fault_of(envelope.error());
    return ReadPersonal{signing::personal_of(std::move(*envelope)), std::nullopt};
}

}  // namespace

void StageTimer::ended(observe::Stage stage)
{
    if (!metrics_) return;
    auto const now = runtime::Steady::now();
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
    if (criteria.engine == Engine::sweep) {
        if (auto examined = examine_by_sweep(criteria, sender, lane, body, at, timer)) return std::move(*examined);
    }
    auto envelope = schemas::read_envelope(std::move(body), criteria.limits);
    timer.ended(observe::Stage::parse);
    if (!envelope) return fault::fault_of(envelope.error());
    bool const person = otp::person_ok(envelope->unit().tax_code);

    // Before schema and rules: those must see only bytes somebody vouches for.
    auto verified = criteria.verifier->verify(std::move(*envelope), at, signing::Allowance{sender.provider().sha1_until});
    timer.ended(observe::Stage::verify);
    if (!verified) {
        auto fault = fault::fault_of(verified.error());
        // A person may well sign, but has another way too: worth saying.
        if (person && fault.code == FaultCode::signature_missing) fault.code = FaultCode::otp_missing;
        return fault;
    }

    if (auto fault = refuse_address(criteria, sender, lane, verified->envelope())) return std::move(*fault);
    return validated(criteria, std::move(*verified), at, timer);
}

fault::Result<ReadPersonal> read_personal(Criteria const& criteria, std::shared_ptr<std::string const> body, runtime::Instant at, StageTimer timer)
{
    auto read = read_unsigned(criteria, std::move(body), at, timer);
    if (!read) return read.error();
    auto const& tax_code = read->personal.envelope.unit().tax_code;
    // Before the password is looked at: what an organisation may not use costs no try.
    if (otp::person_ok(tax_code)) return std::move(*read);
    return fault_with(FaultCode::otp_organisation, "an organisation signs",
                      finding_of(FaultCode::otp_organisation, "", "/Hoso/NoiDung/ThongTinDonVi/MaSoThue", tax_code));
}

fault::Result<Examined> examine_personal(Criteria const& criteria, providers::Admitted const& sender, Lane lane, ReadPersonal read,
                                         signing::OtpProof proof, runtime::Instant at, StageTimer timer)
{
    auto verified = criteria.verifier->accept(std::move(read.personal), std::move(proof), at);
    timer.ended(observe::Stage::verify);
    if (!verified) return fault::fault_of(verified.error());
    if (auto fault = refuse_address(criteria, sender, lane, verified->envelope())) return std::move(*fault);
    if (auto fault = refuse_procedure(criteria, verified->envelope(), at)) return std::move(*fault);
    if (read.valid) return Examined{std::move(*verified), std::move(*read.valid), Engine::sweep};
    return validated(criteria, std::move(*verified), at, timer);
}

}  // namespace intake
