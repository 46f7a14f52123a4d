#include "engine/paced.h"

#include <algorithm>

namespace hlb {

void Paced::act() {
  pausing_ = true;
  another_ = false;
  alarm_->set(clock_.now() + pause_);
  act_();
}

void Paced::end_pause() {
  pausing_ = false;
  pause_ = another_ ? std::min(2 * pause_, kLongest) : kShortest;
  if (another_) act();
}

}  // namespace hlb
