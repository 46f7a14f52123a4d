// Goes over all services without holding the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "engine/clock.h"

namespace hlb {

// Used by hlbd's loop alone.
class Walk {
 public:
  // Calls `step` for each place, and `rested` after the steps of each turn. The clock must outlive
  // it, as must what these refer to.
  Walk(Clock& clock, std::function<void(std::size_t place)> step, std::function<void()> rested);

  // Goes over the places below `count`: what takes little time at once, the rest in turns to come.
  // A walk under way is given up.
  void start(std::size_t count);

  bool under_way() const { return next_ < count_; }

 private:
  void go_on();

  Clock& clock_;
  std::function<void(std::size_t place)> step_;
  std::function<void()> rested_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::unique_ptr<Alarm> next_turn_;
};

}  // namespace hlb
