#pragma once

// What everybody may read: the look-up with the five fields of QĐ 352 art. 12, the list of providers in contract, the
// procedures in force, every code we answer with, and the limits in force with the caller's own standing among them.
//
// Threads: any core; registry and rules are immutable snapshots. Errors: every outcome is a Reply.

#include "gateway/intake/admission.hpp"
#include "gateway/intake/limits.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/snapshot.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/archive.hpp"
#include "providers/registry.hpp"
#include "schemas/limits.hpp"
#include "schemas/rules.hpp"

#include <functional>
#include <memory>

namespace intake {

class PublicPages {
public:
    // References outlive the pages.
    struct Parts {
        store::Archive& archive;
        runtime::Clock const& clock;
        Limits const& limits;
        schemas::EnvelopeLimits envelope_limits;
        std::shared_ptr<schemas::Rules const> rules;  // shared with the criteria of examine
        std::function<std::shared_ptr<providers::Registry const>()> registry;
        std::function<Admission::Standing(providers::Provider const&)> standing = {};  // empty: the bounds alone are told
    };
    explicit PublicPages(Parts parts) : parts_{std::move(parts)} {}

    [[nodiscard]] runtime::Task<Reply> lookup(Request request);      // GET /v1/lookup?code=
    [[nodiscard]] runtime::Task<Reply> providers(Request request);   // GET /v1/providers: in contract today
    [[nodiscard]] runtime::Task<Reply> procedures(Request request);  // GET /v1/procedures: in force today
    [[nodiscard]] runtime::Task<Reply> codes(Request request);       // GET /v1/codes: faults and findings
    [[nodiscard]] runtime::Task<Reply> limits(Request request);      // GET /v1/limits: of the caller

private:
    Parts parts_;
};

}  // namespace intake
