// Services whose verdicts are to be made anew at some time, though nothing may have changed.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/clock.h"
#include "engine/first_alarm.h"

namespace hlb {

// Used by hlbd's loop alone.
class DueServices {
 public:
  // Told of each that is due, from the loop; it is then in this no more.
  using OnDue = std::function<void(std::size_t service)>;

  // The clock must outlive it.
  DueServices(Clock& clock, OnDue on_due);

  // In place of the time it was due at; nullopt: it isn't.
  void set(std::size_t service, std::optional<Clock::TimePoint> time);
  void clear();

 private:
  void ring();
  void erase(std::size_t service);

  Clock& clock_;
  OnDue on_due_;
  std::map<std::size_t, Clock::TimePoint> times_;
  std::set<std::pair<Clock::TimePoint, std::size_t>> order_;  // of the same
  FirstAlarm alarm_;
};

}  // namespace hlb
