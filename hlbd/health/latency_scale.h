// The scale on which latest outcomes are drawn: the fastest pass has the lowest bar, and each step
// up takes twice as long, so that the network's own jitter stays flat. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hlb {

class LatencyScale {
 public:
  static constexpr std::size_t kSteps = 8;

  // Of outcomes as History::latest() has them.
  explicit LatencyScale(std::span<const std::int32_t> outcomes) {
    for (const std::int32_t outcome : outcomes) {
      if (outcome >= 0 && outcome < fastest_) fastest_ = outcome;
    }
    if (fastest_ < kShortest) fastest_ = kShortest;
  }

  // The step of a pass, from 0 to kSteps - 1.
  std::size_t step(std::int32_t pass) const {
    std::size_t steps = 0;
    for (std::int64_t next = std::int64_t{fastest_} * 2; pass >= next; next *= 2)
      ++steps;
    return steps < kSteps ? steps : kSteps - 1;
  }

 private:
  // Passes shorter than this differ by chance alone.
  static constexpr std::int32_t kShortest = 250;  // microseconds

  std::int32_t fastest_ = INT32_MAX;
};

}  // namespace hlb
