// `hlbctl status --watch`.
#pragma once

#include <chrono>
#include <string>

#include "ctl/command.h"

namespace hlb::ctl {

// Repaints the services, or `service` alone, at each change that hlbd tells of, though twice a
// second at most, and each `interval`, until it is told to quit. It asks hlbd for the list of
// services and for the backends of those that are to be seen, so that it costs hlbd the same
// however many there are. While hlbd can't be reached it says why, and tries again.
int watch(const Settings& settings, const std::string& service, std::chrono::milliseconds interval);

}  // namespace hlb::ctl
