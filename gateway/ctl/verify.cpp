#include "gateway/ctl/context.hpp"

namespace ctl {

void add_verify(CLI::App&, Context&) {}

}  // namespace ctl
