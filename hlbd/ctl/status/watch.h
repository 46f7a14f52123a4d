// `hlbctl status --watch`.
#pragma once

#include <chrono>
#include <string>

#include "ctl/command.h"

namespace hlb::ctl {

// Repaints the services, or `service` alone, each `interval`, and at each change that hlbd tells
// of, though then twice a second at most, until it is told to quit. It asks hlbd for the list of
// services and for the backends that are to be seen, so that hlbd's work doesn't grow with the
// number of backends. While hlbd can't be reached it says why, and tries again.
int watch(const Settings& settings, const std::string& service, std::chrono::milliseconds interval);

}  // namespace hlb::ctl
