// Makes coming back harder for a state that changes again and again. Pure: the caller brings the
// time.
#pragma once

#include <chrono>
#include <vector>

namespace hlb {

// More than `most` changes within kFlapWindow are flapping: each change beyond doubles the factor
// of `rise`, up to kMostRiseFactor. A window without a change ends it.
inline constexpr std::chrono::minutes kFlapWindow{1};
inline constexpr unsigned kMostRiseFactor = 32;

class FlapDamper {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Takes 0 for never flapping.
  explicit FlapDamper(unsigned most) : most_(most) {}

  // Counts a change of the state. `now` never goes back.
  void changed(TimePoint now);

  // The factor of `rise` now: 1 unless the state is flapping.
  unsigned rise_factor(TimePoint now) const;

 private:
  unsigned most_;
  unsigned factor_ = 1;
  std::vector<TimePoint> recent_;  // the latest changes, oldest first; at most most_ + 1
};

}  // namespace hlb
