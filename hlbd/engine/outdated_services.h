// Services whose verdicts are to be made anew: now, or at a time though nothing may have changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/clock.h"

namespace hlb {

// Names services by their places in the monitor's list. Used by hlbd's loop alone.
class OutdatedServices {
 public:
  // Grows from mark to mark.
  using Mark = std::uint64_t;

  // Called from the loop once services have been marked because their time has come.
  using OnDue = std::function<void()>;

  // The clock must outlive it.
  OutdatedServices(Clock& clock, OnDue on_due);

  // Has services take the places of another list: `from` says of each where it was before; nullopt:
  // nowhere, and it has neither a mark nor a time.
  void rearrange(std::span<const std::optional<std::size_t>> from);

  // Has the list `count` services; those beyond are forgotten, with marks and times.
  void resize(std::size_t count);

  void mark(std::size_t service);

  // Has the service marked at this time, in place of the time before; nullopt: at none.
  void mark_at(std::size_t service, std::optional<Clock::TimePoint> time);

  // The last mark that was given, and up to which they have been taken away.
  Mark last() const { return taken_ + marked_.size(); }
  Mark taken() const { return taken_; }

  // Whether any is marked.
  bool any() const { return !marked_.empty(); }

  // Up to so many of the marked services, those first that were marked first; takes their marks
  // away.
  std::vector<std::size_t> take(std::size_t most);

 private:
  void ring();
  void forget_time(std::size_t service);

  OnDue on_due_;
  Clock& clock_;
  std::vector<bool> is_marked_;  // by place
  std::deque<std::size_t> marked_;
  Mark taken_ = 0;
  std::map<std::size_t, Clock::TimePoint> times_;
  std::set<std::pair<Clock::TimePoint, std::size_t>> order_;  // the same times, earliest first
  EarliestAlarm alarm_;
};

}  // namespace hlb
