#include "gateway/ctl/context.hpp"

namespace ctl {

void add_submit(CLI::App&, Context&) {}

}  // namespace ctl
