// `hlbctl status --watch`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ctl/command.h"

namespace hlb::ctl {

// What is to be seen.
struct WatchedWords {
  std::vector<std::string> targets;  // all for none
  bool down = false;                 // only what is wrong
};

// Repaints the services each `interval`, and at each change that hlbd tells
// of, though then twice a second at most, until it is told to quit. It asks hlbd for the list of
// services and for the backends that are to be seen, so that hlbd's work doesn't grow with the
// number of backends. While hlbd can't be reached it says why, and tries again.
int watch(const Settings& settings, const WatchedWords& words, std::chrono::milliseconds interval);

}  // namespace hlb::ctl
