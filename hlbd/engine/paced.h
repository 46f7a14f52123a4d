// Paces an action whose reasons may come in floods.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "engine/clock.h"

namespace hlb {

// Acts at once for a reason, and once more when the pause after it ends, for all reasons within the
// pause together. Each pause with a reason makes the next twice as long. Used by hlbd's loop alone.
class Paced {
 public:
  static constexpr std::chrono::milliseconds kShortest{1000};
  static constexpr std::chrono::milliseconds kLongest{8000};

  // The clock must outlive it, as must what `act` refers to.
  Paced(Clock& clock, std::function<void()> act)
      : clock_(clock), act_(std::move(act)), alarm_(clock.alarm([this] { end_pause(); })) {}

  void there_is_reason() {
    if (pausing_) {
      another_ = true;
    } else {
      act();
    }
  }

 private:
  void act();
  void end_pause();

  Clock& clock_;
  std::function<void()> act_;
  std::unique_ptr<Alarm> alarm_;
  std::chrono::milliseconds pause_ = kShortest;
  bool pausing_ = false;
  bool another_ = false;  // another reason came since the pause began
};

}  // namespace hlb
