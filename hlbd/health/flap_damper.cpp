#include "health/flap_damper.h"

#include <algorithm>

namespace hlb {

void FlapDamper::changed(TimePoint now) {
  if (most_ == 0) return;
  if (rise_factor(now) == 1) factor_ = 1;
  if (recent_.size() > most_) recent_.erase(recent_.begin());
  recent_.push_back(now);
  const bool flapping = recent_.size() > most_ && now - recent_.front() < kFlapWindow;
  if (flapping) factor_ = std::min(factor_ * 2, kMostRiseFactor);
}

unsigned FlapDamper::rise_factor(TimePoint now) const {
  return recent_.empty() || now - recent_.back() >= kFlapWindow ? 1 : factor_;
}

}  // namespace hlb
