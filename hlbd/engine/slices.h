// Work that would hold the loop, done in slices.
#pragma once

#include <functional>
#include <memory>

#include "engine/clock.h"

namespace hlb {

// Used by hlbd's loop alone.
class Slices {
 public:
  // Calls `step`, which does a little of the work and returns whether there is more, and `rested`
  // after the steps of each turn. The clock must outlive it, as must what these refer to.
  Slices(Clock& clock, std::function<bool()> step, std::function<void()> rested);

  // Does what takes little time at once, the rest in turns to come.
  void go_on();

 private:
  Clock& clock_;
  std::function<bool()> step_;
  std::function<void()> rested_;
  bool more_ = false;  // to be done in the next turn
  std::unique_ptr<Alarm> next_turn_;
};

}  // namespace hlb
