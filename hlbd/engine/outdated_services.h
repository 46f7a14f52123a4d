// Services whose verdicts are to be made anew: now, or at a time though nothing may have changed.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/clock.h"

namespace hlb {

// Names services by their places in the monitor's list. Used by hlbd's loop alone.
class OutdatedServices {
 public:
  // Called from the loop once a service has been marked because its time has come.
  using OnDue = std::function<void()>;

  // The clock must outlive it.
  OutdatedServices(Clock& clock, OnDue on_due);

  // Starts over with a list of `count` services, all without a mark or a time.
  void reset(std::size_t count);

  // Has the list `count` services; those beyond are forgotten, with marks and times.
  void resize(std::size_t count);

  void mark(std::size_t service);

  // Has the service marked at this time, in place of the time before; nullopt: at none.
  void mark_at(std::size_t service, std::optional<Clock::TimePoint> time);

  // The marked services, in order; takes their marks away.
  std::vector<std::size_t> take();

 private:
  void ring();
  void forget_time(std::size_t service);

  OnDue on_due_;
  Clock& clock_;
  std::vector<bool> is_marked_;  // by place
  std::vector<std::size_t> marked_;
  std::map<std::size_t, Clock::TimePoint> times_;
  std::set<std::pair<Clock::TimePoint, std::size_t>> order_;  // the same times, earliest first
  EarliestAlarm alarm_;
};

}  // namespace hlb
