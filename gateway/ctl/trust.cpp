#include "gateway/ctl/context.hpp"

namespace ctl {

void add_trust(CLI::App&, Context&) {}

}  // namespace ctl
