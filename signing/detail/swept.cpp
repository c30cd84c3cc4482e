#include "signing/detail/swept.hpp"

#include "signing/detail/canonical_writer.hpp"

namespace signing::detail {

Checked check_swept(schemas::Document const& document, SignatureShape const& shape, EVP_PKEY* key)
{
    return check_with(shape, key, [&](Sink const& sink) {
        CanonicalWriter writer{shape.reference_c14n, sink};
        SignedPart part{writer, shape.target != nullptr};
        schemas::sweep(document, part);
        writer.finish();
        return writer.has_form() && part.signatures() == 1;
    });
}

}  // namespace signing::detail
