#include "gateway/ctl/context.hpp"

namespace ctl {

void add_lookup(CLI::App&, Context&) {}

}  // namespace ctl
