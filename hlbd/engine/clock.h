// Time, as hlbd's own decisions see it: the seam at which tests bring a time of their own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace hlb {

// Rings once when its time has come, from the loop. Destroyed, it doesn't ring any more.
class Alarm {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Alarm() = default;
  virtual ~Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // In place of the time it was set to. One that has passed rings in the next turn of the loop.
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

}  // namespace hlb
