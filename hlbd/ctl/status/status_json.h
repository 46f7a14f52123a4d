// What `hlbctl status --json` prints; its form is described in hlbctl(1), and stable.
#pragma once

#include <string>

#include "ctl/status/snapshot.h"

namespace hlb::ctl {

// On one line, or, for people to `read`, spread over several.
std::string status_json(const Snapshot& snapshot, bool read = false);

}  // namespace hlb::ctl
