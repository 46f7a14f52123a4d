// Makes coming back harder for what changes again and again. Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <vector>

namespace hlb {

// More than `most` changes within kFlapWindow are flapping: each change beyond doubles what `rise`
// is multiplied by, up to kMostRiseFactor. A window without a change ends it.
inline constexpr std::chrono::minutes kFlapWindow{1};
inline constexpr unsigned kMostRiseFactor = 32;

class FlapDamper {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `most` = 0: nothing is ever flapping.
  explicit FlapDamper(unsigned most) : most_(most) {}

  // The state has changed. `now` never goes back.
  void changed(TimePoint now);

  // What `rise` is multiplied by now: 1 unless it is flapping.
  unsigned rise_factor(TimePoint now) const;

 private:
  unsigned most_;
  unsigned factor_ = 1;
  std::vector<TimePoint> recent_;  // the latest changes, oldest first; at most most_ + 1
};

}  // namespace hlb
