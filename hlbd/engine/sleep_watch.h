// Notices that this machine was asleep.
#pragma once

#include <chrono>
#include <optional>

namespace hlb {

// CLOCK_BOOTTIME runs while the machine sleeps, CLOCK_MONOTONIC doesn't. Pure: the caller reads
// both, one right after the other.
class SleepWatch {
 public:
  using Time = std::chrono::nanoseconds;

  // The shortest sleep that counts; reading the two clocks may take as long as a shorter one.
  static constexpr std::chrono::milliseconds kShortest{500};

  // Whether the machine has slept since the last call.
  bool slept(Time boottime, Time monotonic) {
    const Time asleep = boottime - monotonic;
    const bool longer = asleep_ && asleep - *asleep_ >= kShortest;
    asleep_ = asleep;
    return longer;
  }

 private:
  std::optional<Time> asleep_;  // total sleep at the last call
};

}  // namespace hlb
