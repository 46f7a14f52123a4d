// A change as operators are told of it, in one form for the log, the bus and those who ask later.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "engine/monitor.h"
#include "health/failback.h"
#include "health/verdict.h"
#include "operators/report.h"

namespace hlb {

// The verdict of a service was made anew. Valid during the call alone.
struct VerdictChange {
  const ServiceVerdict& verdict;
  const ServiceStatus& before;
  const Failback* failback;  // nullptr: the service has no rule for which priorities serve

  // Return whether the service's state has changed, or the priorities that serve. To come to be
  // known at all is no change.
  bool of_state() const;
  bool of_serving() const;
  // Returns whether a better priority is healthy again, and is held back from now on.
  bool holds_back() const;
};

// Events of this moment.
Event event_of(const BackendChange& change);
Event event_of(const OverrideChange& change);
Event state_event_of(const VerdictChange& change);
Event serving_event_of(const VerdictChange& change);

class EventLog {
 public:
  static constexpr std::size_t kMost = 1000;  // older ones are forgotten

  void add(Event event) {
    if (events_.size() == kMost) events_.pop_front();
    events_.push_back(std::move(event));
  }

  // The latest `most`, or all of them for 0; oldest first.
  std::vector<Event> latest(std::size_t most) const {
    const std::size_t count = most == 0 ? events_.size() : std::min(most, events_.size());
    return {events_.end() - static_cast<std::ptrdiff_t>(count), events_.end()};
  }

 private:
  std::deque<Event> events_;
};

}  // namespace hlb
