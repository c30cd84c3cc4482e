#pragma once

// Sees a dossier as it is swept, and keeps what its signatures need: of every XML document the digest of all but its
// Signature, the canonical SignedInfo, and what the Signature says; of every form the SHA-256 of its file.
//
// It prepares for what vendors write: inclusive C14N (which is the exclusive form too, where a document's namespaces are used
// where they are declared) and SHA-256. What a Signature asks for beyond that is a second sweep with those parameters. It never
// refuses: where it cannot vouch for a document's shape it says so, and the tree's way gives the verdict.
//
// Threads: one thread's, reusable by begin(). Errors: plain() is false.

#include "schemas/attendant.hpp"
#include "signing/digest.hpp"
#include "signing/policy.hpp"
#include "signing/verifier.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

// How one document is digested.
struct Preparation {
    std::string canonicalisation{"c14n"};  // names of policy.hpp
    std::vector<std::string> prefixes{};   // of InclusiveNamespaces
    std::string digest{"sha256"};

    friend bool operator==(Preparation const&, Preparation const&) = default;
};

// One document's Signature as it stands: nothing of it is judged but its form.
struct Attested {
    std::string root, holder;  // local names of the root and of the root's child that holds the Signature
    std::string reference;     // "" or "#id", the id being the root's
    std::string signature_algorithm, digest_algorithm, canonicalisation;  // names of policy.hpp; canonicalisation of the Reference
    Preparation wanted;        // what the Signature asks for; the preparation itself where that gives the same digest
    std::string digest;        // of the document by the preparation
    std::string digest_value;  // as the Reference says
    std::string signed_info;   // canonical
    std::string value;
    std::vector<std::string> certificates;  // DER, in document order
    std::optional<Instant> signing_time;
};

class Witness : public schemas::Attendant {
public:
    Witness();
    ~Witness() override;
    Witness(Witness const&) = delete;
    Witness& operator=(Witness const&) = delete;

    // A new dossier. `preparations`: of the forms in order, the envelope's last; those missing are the usual one.
    void begin(Policy const& policy, Instant at, std::vector<Preparation> preparations = {});

    schemas::Events& envelope() override;
    schemas::Events* begin_form(std::size_t index, bool xml) override;
    void form_bytes(std::string_view bytes) override;
    void end_form() override;

    // After the sweep. False: some document's Signature is missing, or of another shape than the plain one: not for us.
    [[nodiscard]] bool plain() const noexcept;
    // Where it is true: in order, nothing for an attachment. Valid until begin().
    [[nodiscard]] std::vector<std::optional<Attested>> const& forms() const noexcept;
    [[nodiscard]] Attested const& dossier() const noexcept;  // the envelope's
    [[nodiscard]] std::vector<FileFacts> const& files() const noexcept;  // every form's

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace signing
