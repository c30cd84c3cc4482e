#include "signing/account.hpp"

#include "signing/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace signing {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::int64_t ticks(Instant at) { return at.time_since_epoch().count(); }

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

void write_files(Out out, std::vector<FileFacts> const& files)
{
    for (auto const& file : files) fmt::format_to(out, "file {} | {}\n", hex(file.sha256), file.size);
}

void write_valid(Out out, schemas::Valid const& valid)
{
    for (auto const& form : valid.forms()) fmt::format_to(out, "valid {} | {}\n", form.form, form.version);
}

void write_signer(Out out, Signer const& signer)
{
    fmt::format_to(out, "signer {} | {} | {} | {} | {} | {} | {} | {}\n", signer.form, hex(signer.certificate.fingerprint), signer.test,
                   signer.signature_algorithm, signer.digest_algorithm, signer.canonicalisation, signer.reference, signer.signed_path);
    if (signer.signing_time) fmt::format_to(out, "signing time {}\n", ticks(*signer.signing_time));
    fmt::format_to(out, "evidence {} | {} | {}\n", signer.revocation.source, signer.revocation.grace, signer.path_der.size());
}

}  // namespace

std::string account_of(Verified const& verified, schemas::Valid const& valid)
{
    std::string text;
    auto const out = std::back_inserter(text);
    write_envelope(out, verified.envelope());
    write_files(out, verified.files());
    for (auto const& signer : verified.signers()) write_signer(out, signer);
    if (auto const& otp = verified.otp()) fmt::format_to(out, "one-time password {} | {}\n", otp->challenge_id(), otp->person());
    fmt::format_to(out, "paper {} | grace {} | at {}\n", verified.paper_required(), verified.grace(), ticks(verified.at()));
    write_valid(out, valid);
    return text;
}

std::string account_of(Personal const& personal, schemas::Valid const& valid)
{
    std::string text;
    auto const out = std::back_inserter(text);
    write_envelope(out, personal.envelope);
    write_files(out, personal.files);
    write_valid(out, valid);
    return text;
}

Disagreement difference(std::string_view first, std::string_view second)
{
    if (first == second) return {};
    auto const at = static_cast<std::size_t>(std::ranges::mismatch(first, second).in1 - first.begin());
    auto const line_of = [at](std::string_view text) {
        auto const here = std::min(at, text.size());
        auto const before = here == 0 ? text.npos : text.rfind('\n', here - 1);
        auto const begin = before == text.npos ? 0 : before + 1;
        return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
    };
    return {line_of(first), line_of(second)};
}

}  // namespace signing
