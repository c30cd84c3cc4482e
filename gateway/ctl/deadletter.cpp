#include "gateway/ctl/context.hpp"

namespace ctl {

void add_deadletter(CLI::App&, Context&) {}

}  // namespace ctl
