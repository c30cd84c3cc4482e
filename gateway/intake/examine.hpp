#pragma once

// Bytes in, evidence out: read → verify → sender → agency → validate. The first check that says no ends it.
//
// Two engines, one verdict. The sweep reads each byte once and only accepts; what it leaves, and all that is refused, goes to the
// tree, which is the reference and has every finding. Criteria::engine says whether the sweep is asked at all.
//
// Pure: no clock (the filing time is a parameter), no network, no shared state but the immutable criteria.
// Threads: any, at once. Errors: a Fault with every finding of the step that said no.

#include "gateway/fault/fault.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/steady.hpp"
#include "providers/directory.hpp"
#include "providers/registry.hpp"
#include "schemas/envelope.hpp"
#include "schemas/validator.hpp"
#include "signing/verifier.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace intake {

// Which forms an address takes.
enum class Lane {
    dossiers,       // POST /v1/dossiers: every form we publish
    registrations,  // POST /v1/registrations: 04/ĐK-IVAN, 05/SĐ-IVAN, 06/NG-IVAN alone
};

enum class Engine {
    sweep,  // one sweep for what it takes in full certainty, the tree for the rest
    tree,   // libxml2's tree and xmlsec1 alone
};

// What one examination judges by. All parts are immutable; the root swaps the whole when one is loaded anew.
struct Criteria {
    Engine engine = Engine::sweep;
    schemas::EnvelopeLimits limits;
    std::shared_ptr<signing::Verifier const> verifier;     // shared with examinations under way during a swap, as all here
    std::shared_ptr<schemas::Validator const> validator;
    std::shared_ptr<providers::Directory const> directory;
    std::shared_ptr<schemas::Rules const> rules;  // which procedures a person may file with a one-time password; null: none
};

struct Examined {
    signing::Verified verified;
    schemas::Valid valid;
    Engine engine = Engine::tree;  // which one took it
};

// Takes the time of each stage for the histograms. One examination's own.
class StageTimer {
public:
    explicit StageTimer(observe::Metrics* metrics) : metrics_{metrics}, last_{runtime::Steady::now()} {}
    void ended(observe::Stage stage);  // since the last call, or since the timer was made

private:
    using Time = std::chrono::steady_clock::time_point;
    observe::Metrics* metrics_;  // null: nobody measures
    Time last_;
};

// Memory: at most 4 × body + 8 MiB, the body counted (tests/memory). It is shared: who asks keeps it where a check says no.
[[nodiscard]] fault::Result<Examined> examine(Criteria const& criteria, providers::Admitted const& sender, Lane lane,
                                              std::shared_ptr<std::string const> body, runtime::Instant at, StageTimer timer);
[[nodiscard]] fault::Result<Examined> examine(Criteria const& criteria, providers::Admitted const& sender, Lane lane,
                                              std::string body, runtime::Instant at, StageTimer timer);

// The same for a person with a one-time password, in two halves: between them the code is judged, because nothing may reach
// the tree's schemas before somebody vouches for it. The first half tells whom the password must belong to.
struct ReadPersonal {
    signing::Personal personal;
    std::optional<schemas::Valid> valid;  // the sweep's, which judges on its way
};
[[nodiscard]] fault::Result<ReadPersonal> read_personal(Criteria const& criteria, std::shared_ptr<std::string const> body, runtime::Instant at,
                                                        StageTimer timer);
[[nodiscard]] fault::Result<Examined> examine_personal(Criteria const& criteria, providers::Admitted const& sender, Lane lane,
                                                       ReadPersonal read, signing::OtpProof proof, runtime::Instant at,
                                                       StageTimer timer);

}  // namespace intake
