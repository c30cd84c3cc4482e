#pragma once

// A large form against its schema, event by event: libxml2's own validator in its streaming mode, with the findings of the
// tree's. Lines are those of start tags, exact beyond 65,535 too, where the tree has to guess.

#include "schemas/document.hpp"
#include "schemas/findings.hpp"

#include <libxml/xmlschemas.h>

#include <string>

namespace schemas::detail {

// Adds one finding for each violation. REQUIRES: document.swept(); `run` is fresh.
void check_swept(xmlSchemaValidCtxt* run, Document const& document, std::string const& label, Findings& findings);

}  // namespace schemas::detail
