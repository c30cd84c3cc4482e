#pragma once

// The rules over a large form, event by event: a tree that loses each row as soon as it was asked about. What stays are the
// open elements, the fields of the rows they are in, and the few values of the form's head that rows are compared with.

#include "schemas/detail/law.hpp"
#include "schemas/envelope.hpp"
#include "schemas/findings.hpp"

namespace schemas::detail {

// The findings of a walk over the whole tree, in the same order. REQUIRES: the form is swept, its shape sound.
void check_swept_form(LawOfDay const& law, Envelope const& envelope, Form const& form, Findings& findings);

}  // namespace schemas::detail
