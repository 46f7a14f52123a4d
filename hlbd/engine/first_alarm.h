// An alarm that many share.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "engine/clock.h"

namespace hlb {

// Rings at the earliest of the times that it was set to since it last rang, so that none has to be
// looked for among the others. It may ring for what isn't due any more. Used by hlbd's loop alone.
class FirstAlarm {
 public:
  // The clock must outlive it, as must what `ring` refers to.
  FirstAlarm(Clock& clock, std::function<void()> ring)
      : ring_(std::move(ring)), alarm_(clock.alarm([this] {
          rings_at_ = Clock::TimePoint::max();
          ring_();
        })) {}
  FirstAlarm(const FirstAlarm&) = delete;
  FirstAlarm& operator=(const FirstAlarm&) = delete;

  void set(Clock::TimePoint time) {
    if (time >= rings_at_) return;
    rings_at_ = time;
    alarm_->set(time);
  }

 private:
  std::function<void()> ring_;
  std::unique_ptr<Alarm> alarm_;
  Clock::TimePoint rings_at_ = Clock::TimePoint::max();
};

}  // namespace hlb
