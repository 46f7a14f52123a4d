// News that hlbd's loop has for the bus, until the bus's thread takes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "operators/report.h"

namespace hlb::bus {

// The loop puts news in and never waits; the news that waits is bounded, whatever the bus does.
class News {
 public:
  // Limit of the events that wait. Beyond it the oldest are dropped, and counted.
  static constexpr std::size_t kMostEvents = 10'000;

  // `wake` is called in the loop when news comes in while none was waiting.
  explicit News(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Called by the loop:
  void add(Event event) {
    put([&] {
      if (waiting_.events.size() == kMostEvents) {
        waiting_.events.pop_front();
        ++waiting_.dropped;
      }
      waiting_.events.push_back(std::move(event));
    });
  }
  void overview_changed() {
    put([this] { waiting_.overview_changed = true; });
  }
  void configured() {
    put([this] { waiting_.configured = true; });
  }

  struct Some {
    std::deque<Event> events;   // oldest first
    std::uint64_t dropped = 0;  // events before these
    bool overview_changed = false;
    bool configured = false;  // services or backends may have come or gone
    bool more = false;        // events wait still
  };

  // Called by the bus's thread: takes the oldest events, `most` at most, and all other news.
  Some take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    Some some;
    for (; !waiting_.events.empty() && some.events.size() < most; waiting_.events.pop_front())
      some.events.push_back(std::move(waiting_.events.front()));
    some.dropped = std::exchange(waiting_.dropped, 0);
    some.overview_changed = std::exchange(waiting_.overview_changed, false);
    some.configured = std::exchange(waiting_.configured, false);
    some.more = woken_ = !waiting_.events.empty();
    return some;
  }

  // Called by the bus's thread: forgets the events that wait, as nobody was there to hear them.
  void forget_events() {
    std::deque<Event> forgotten;
    const std::lock_guard lock(mutex_);
    std::swap(forgotten, waiting_.events);
    waiting_.dropped = 0;
  }

 private:
  template <typename Put>
  void put(Put put_in) {
    std::unique_lock lock(mutex_);
    put_in();
    if (std::exchange(woken_, true)) return;
    lock.unlock();
    wake_();
  }

  const std::function<void()> wake_;
  std::mutex mutex_;
  Some waiting_;
  bool woken_ = false;
};

}  // namespace hlb::bus
