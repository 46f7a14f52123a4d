// Time, as hlbd's own decisions see it: the seam at which tests bring a time of their own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace hlb {

// Rings once when its time has come, from the loop, unless it is destroyed before.
class Alarm {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Alarm() = default;
  virtual ~Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Replaces the time that it was set to. For a time in the past it rings in the next turn of the
  // loop.
  virtual void set(TimePoint time) = 0;
};

class Clock {
 public:
  using TimePoint = Alarm::TimePoint;

  Clock() = default;
  virtual ~Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  virtual TimePoint now() const = 0;  // monotonic
  virtual std::unique_ptr<Alarm> alarm(std::function<void()> ring) = 0;
};

// The real time, on the loop of an executor.
class SteadyClock final : public Clock {
 public:
  explicit SteadyClock(boost::asio::any_io_executor executor);
  TimePoint now() const override;
  std::unique_ptr<Alarm> alarm(std::function<void()> ring) override;

 private:
  boost::asio::any_io_executor executor_;
};

// An alarm that many share: rings at the earliest of the times that it was set to since it last
// rang, so that no user looks for its own among the others. It may ring for a time that doesn't
// count any more. Used by hlbd's loop alone.
class EarliestAlarm {
 public:
  // The clock must outlive it, as must what `ring` refers to.
  EarliestAlarm(Clock& clock, std::function<void()> ring)
      : ring_(std::move(ring)), alarm_(clock.alarm([this] {
          rings_at_ = Clock::TimePoint::max();
          ring_();
        })) {}
  EarliestAlarm(const EarliestAlarm&) = delete;
  EarliestAlarm& operator=(const EarliestAlarm&) = delete;

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
