#pragma once

// Commands of `ivanctl audit` beside verify. Threads: one.

#include "gateway/ctl/context.hpp"

namespace ctl {

void add_statement(CLI::App& audit, Context& context);         // statement
void add_statement_checks(CLI::App& audit, Context& context);  // verify-statement, reconcile

}  // namespace ctl
