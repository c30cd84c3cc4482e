#include "signing/verifier.hpp"

#include "signing/detail/survey.hpp"
#include "signing/detail/uris.hpp"
#include "signing/digest_pieces.hpp"

#include "schemas/one_sweep.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace signing {
namespace {

// A document without signatures: all that signing has to know is that it is one, and that the tree's way would keep little of it.
class Unsigned final : public schemas::Events {
public:
    void begin() noexcept
    {
        plain_ = true;
        ids_ = 0;
    }
    [[nodiscard]] bool plain() const noexcept { return plain_; }

    void start(schemas::StartEvent const& tag) override
    {
        ids_ += static_cast<std::size_t>(std::ranges::count_if(tag.attributes, [](auto const& a) { return detail::is_id_name(a.name); }));
        if (tag.uri == detail::dsig_ns || !tag.namespaces.empty() || ids_ > detail::swept_ids_max) plain_ = false;
    }
    void end(schemas::EndEvent const&) override {}
    void text(schemas::TextEvent const&) override {}
    void comment(std::string_view) override { plain_ = false; }
    void instruction(std::string_view, std::string_view) override { plain_ = false; }

private:
    bool plain_ = true;
    std::size_t ids_ = 0;
};

// Keeps the digest of each form's file.
class Clerk final : public schemas::Attendant {
public:
    schemas::Events& envelope() override { return envelope_; }
    schemas::Events* begin_form(std::size_t, bool xml) override
    {
        size_ = 0;
        form_.begin();
        return xml ? &form_ : nullptr;
    }
    void form_bytes(std::string_view bytes) override
    {
        file_.add(bytes);
        size_ += bytes.size();
    }
    void end_form() override
    {
        files_.push_back({file_.finish(), size_});
        plain_ = plain_ && form_.plain();
    }

    [[nodiscard]] bool plain() const noexcept { return plain_ && envelope_.plain(); }
    [[nodiscard]] std::vector<FileFacts> take_files() { return std::move(files_); }

private:
    bool plain_ = true;
    Unsigned envelope_, form_;
    Sha256Pieces file_;
    std::size_t size_ = 0;
    std::vector<FileFacts> files_;
};

}  // namespace

std::optional<Verifier::SweptPersonal> Verifier::sweep_personal(std::shared_ptr<std::string const> bytes, schemas::EnvelopeLimits const& limits,
                                                                schemas::Validator const& validator, Instant at)
{
    Clerk clerk;
    auto swept = schemas::sweep_dossier(std::move(bytes), limits, validator, day_in_vietnam(at), clerk);
    if (!swept || !clerk.plain()) return std::nullopt;
    return SweptPersonal{{std::move(swept->envelope), clerk.take_files()}, std::move(swept->valid)};
}

}  // namespace signing
