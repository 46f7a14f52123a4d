// Whether hlbd can end connections to backends that are down, where services want that.
#pragma once

#include <filesystem>

#include "ctl/doctor/daemon.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// Finds what keeps hlbd from it, and programs whose connections it doesn't reach: those in another
// network namespace that see the table in `runtime_dir`, as far as this user may look at them.
// Nothing unless hlbd is on the bus, and some service has close_connections.
Findings check_connections(const Host& machine, const std::filesystem::path& runtime_dir,
                           const OnBus& bus);

}  // namespace hlb::ctl::doctor
