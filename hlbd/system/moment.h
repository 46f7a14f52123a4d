// Points in time as people tell them, and as they can be kept over a restart.
#pragma once

#include <chrono>
#include <string>

namespace hlb {

// The wall clock may be set at any moment, so nothing is decided by it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// A point in time by both clocks of this host: the wall clock may be set, that of the boot can't
// be, but starts anew.
struct Moment {
  std::string boot_id;                     // empty: not known
  std::chrono::milliseconds since_boot{};  // CLOCK_BOOTTIME
  WallTime wall;
};

Moment moment_now();

// From `earlier` to `later`, negative the other way round: by the clock of the boot when both are
// of the same one, else by the wall clock. Any numbers whatever are taken.
std::chrono::milliseconds time_between(const Moment& earlier, const Moment& later);

}  // namespace hlb
