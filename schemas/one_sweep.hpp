#pragma once

// A dossier read in one sweep: every byte is tokenised once, and the same events feed its digests (the attendant), the fields of
// the envelope, the shape of each form and the rules of the day. No tree is made and no form is kept.
//
// It only accepts. Whatever it does not take in full certainty it leaves, and read_envelope() and Validator::validate() give the
// verdict on the same bytes, with every finding. What it takes, they take too, with the same fields (a differential test and a
// fuzz target hold this).
//
// Left to them besides what Scanner declines: a form before its MaToKhai and LoaiFile, base64 in several pieces, comments inside
// values, attachments of the zip kinds, schemas without a table, everything that any check refuses.
//
// Nobody has vouched for the bytes while shape and rules are judged: both are tables of ours over a bounded reader, and their
// verdict leaves this function only with the whole. Who calls it believes nothing of it before the signatures hold.
//
// Threads: any, at once; buffers are the thread's own (some 200 KB). Errors: nothing for what is left; std::bad_alloc passes.

#include "schemas/attendant.hpp"
#include "schemas/envelope.hpp"
#include "schemas/limits.hpp"
#include "schemas/validator.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace schemas {

struct SweptDossier {
    Envelope envelope;  // without documents: xml() of it and of its forms is not there
    Valid    valid;
};

// `day` is the filing day in Vietnam.
[[nodiscard]] std::optional<SweptDossier> sweep_dossier(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits,
                                                        Validator const& validator, std::chrono::sys_days day, Attendant& attendant);

}  // namespace schemas
