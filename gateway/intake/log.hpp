#pragma once

// The provable log for those who file: the newest signed head, the proof that a dossier or a refusal of theirs stands in it, the
// proof that one head's tree is the beginning of another's, and the statement of a day of theirs, with its list.
// providers/openapi.yaml says how to check them.
//
// Threads: any core; no state of its own. Errors: every outcome is a Reply.

#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/log.hpp"
#include "gateway/store/statement.hpp"

#include <chrono>

namespace intake {

class LogQueries {
public:
    LogQueries(store::Log& log, store::Statements& statements, runtime::Clock const& clock, std::chrono::milliseconds head_age_max)
        : log_{log}, statements_{statements}, clock_{clock}, head_age_max_{head_age_max}
    {
    }  // log, statements and clock outlive the queries

    [[nodiscard]] runtime::Task<Reply> head(Request request);         // GET /v1/log/head
    [[nodiscard]] runtime::Task<Reply> proof(Request request);        // GET /v1/log/proof?dossier= or ?refusal=, &size=
    [[nodiscard]] runtime::Task<Reply> consistency(Request request);  // GET /v1/log/consistency?from=&to=
    [[nodiscard]] runtime::Task<Reply> statement(Request request);    // GET /v1/log/statement?day=
    [[nodiscard]] runtime::Task<Reply> entries(Request request);      // GET /v1/log/statement/entries?day=&size=&after=

private:
    store::Log& log_;
    store::Statements& statements_;
    runtime::Clock const& clock_;
    std::chrono::milliseconds head_age_max_;
};

}  // namespace intake
