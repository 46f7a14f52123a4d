// A time that passes only when a test lets it.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "engine/clock.h"

namespace hlb {

class FakeClock : public Clock {
 public:
  TimePoint now() const override { return now_; }

  std::unique_ptr<Alarm> alarm(std::function<void()> ring) override {
    return std::make_unique<FakeAlarm>(*this, std::move(ring));
  }

  // Lets time pass up to the next alarm, and rings it. False, and `limit` is reached, when none is
  // due by then.
  bool pass_to_next_alarm(TimePoint limit) {
    if (set_.empty() || set_.begin()->first > limit) {
      now_ = limit;
      return false;
    }
    const auto [time, alarm] = *set_.begin();
    set_.erase(set_.begin());
    now_ = std::max(now_, time);
    alarm->ring();
    return true;
  }

 private:
  class FakeAlarm : public Alarm {
   public:
    FakeAlarm(FakeClock& clock, std::function<void()> on_ring)
        : ring(std::move(on_ring)), clock_(clock) {}
    ~FakeAlarm() override { clock_.set_.erase({time_, this}); }

    void set(TimePoint time) override {
      clock_.set_.erase({time_, this});
      time_ = time;
      clock_.set_.emplace(time_, this);
    }

    const std::function<void()> ring;

   private:
    FakeClock& clock_;
    TimePoint time_;
  };

  TimePoint now_{std::chrono::hours(1000)};
  std::set<std::pair<TimePoint, FakeAlarm*>> set_;
};

}  // namespace hlb
