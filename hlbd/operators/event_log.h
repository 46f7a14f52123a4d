// The latest events, for those who ask afterwards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "operators/report.h"

namespace hlb {

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
