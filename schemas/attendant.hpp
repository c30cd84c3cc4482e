#pragma once

// What signing hears of a dossier while it is swept, so that what is digested and what is read are the same events.
//
// Threads: one thread's. Errors: none; an attendant that cannot go on says so to its own caller afterwards.

#include "schemas/events.hpp"

#include <cstddef>
#include <string_view>

namespace schemas {

class Attendant {
public:
    virtual ~Attendant() = default;

    // The envelope's events; lives through the sweep.
    [[nodiscard]] virtual Events& envelope() = 0;

    // A form begins, an XML document or an attachment; they come in envelope order, one after the other. Its events go to what
    // comes back; null for an attachment.
    [[nodiscard]] virtual Events* begin_form(std::size_t index, bool xml) = 0;
    // Its decoded bytes, in pieces, each before its events.
    virtual void form_bytes(std::string_view bytes) = 0;
    virtual void end_form() = 0;
};

}  // namespace schemas
