// The latest outcomes of a check, in few bytes. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "health/outcome.h"

namespace hlb {

class History {
 public:
  static constexpr std::size_t kSize = 12;
  static constexpr std::int32_t kFailed = -1;
  static constexpr std::int32_t kUnknown = -2;

  void add(const Outcome& outcome) {
    outcomes_[next_] = number_of(outcome);
    next_ = static_cast<std::uint8_t>((next_ + 1) % kSize);
    count_ = static_cast<std::uint8_t>(std::min<std::size_t>(count_ + 1U, kSize));
    if (reason_ != outcome.reason) reason_ = outcome.reason;
  }

  // The outcomes, oldest first: microseconds of a pass, kFailed or kUnknown.
  std::vector<std::int32_t> latest() const {
    std::vector<std::int32_t> outcomes;
    outcomes.reserve(count_);
    for (std::size_t i = kSize - count_; i < kSize; ++i)
      outcomes.push_back(outcomes_[(next_ + i) % kSize]);
    return outcomes;
  }

  // The latest of them; kUnknown before any.
  std::int32_t last() const {
    return count_ == 0 ? kUnknown : outcomes_[(next_ + kSize - 1) % kSize];
  }

  const std::string& reason() const { return reason_; }  // of the latest outcome; empty before any

 private:
  static std::int32_t number_of(const Outcome& outcome) {
    if (outcome.result == Outcome::Result::failed) return kFailed;
    if (outcome.result == Outcome::Result::unknown) return kUnknown;
    constexpr std::chrono::microseconds::rep kMost = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(
        std::clamp(outcome.latency.count(), decltype(kMost){0}, kMost));
  }

  std::array<std::int32_t, kSize> outcomes_{};
  std::string reason_;
  std::uint8_t next_ = 0;
  std::uint8_t count_ = 0;
};

}  // namespace hlb
