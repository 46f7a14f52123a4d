// A moment by hlbd's clock and by the wall clock, to turn a time of either into the other's.
#pragma once

#include <chrono>

#include "engine/clock.h"
#include "system/moment.h"

namespace hlb {

class BothClocks {
 public:
  explicit BothClocks(const Clock& clock) : steady_(clock.now()), wall_(moment_now().wall) {}

  WallTime wall(Clock::TimePoint time) const {
    return wall_ - std::chrono::duration_cast<std::chrono::milliseconds>(steady_ - time);
  }
  Clock::TimePoint steady(WallTime time) const { return steady_ - (wall_ - time); }

  // Whether the wall clock wasn't set in between. Reading one clock after the other makes them
  // differ a little, which doesn't count.
  bool agrees_with(const BothClocks& other) const {
    constexpr std::chrono::seconds kTolerance{1};
    const auto apart = other.wall(steady_) - wall_;
    return apart < kTolerance && apart > -kTolerance;
  }

 private:
  Clock::TimePoint steady_;
  WallTime wall_;
};

}  // namespace hlb
