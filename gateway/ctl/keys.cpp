#include "gateway/ctl/context.hpp"

namespace ctl {

void add_keys(CLI::App&, Context&) {}

}  // namespace ctl
