#include "gateway/ctl/context.hpp"

namespace ctl {

void add_provider(CLI::App&, Context&) {}

}  // namespace ctl
