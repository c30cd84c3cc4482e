#include "gateway/ledger/failure.hpp"

namespace ledger {

std::string_view name_of(Refusal why) noexcept
{
    switch (why) {
        case Refusal::size_over: return "size_over";
        case Refusal::sizes_wrong: return "sizes_wrong";
        case Refusal::seam_wrong: return "seam_wrong";
        case Refusal::nodes_wrong: return "nodes_wrong";
        case Refusal::proof_length: return "proof_length";
        case Refusal::root_mismatch: return "root_mismatch";
        case Refusal::field_wrong: return "field_wrong";
        case Refusal::bytes_wrong: return "bytes_wrong";
    }
    return "";
}

}  // namespace ledger
