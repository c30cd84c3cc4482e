#include "gateway/ctl/context.hpp"

namespace ctl {

void add_sign(CLI::App&, Context&) {}

}  // namespace ctl
