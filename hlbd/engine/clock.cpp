#include "engine/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace hlb {
namespace {

class TimerAlarm final : public Alarm {
 public:
  TimerAlarm(const boost::asio::any_io_executor& executor, std::function<void()> ring)
      : ring_(std::make_shared<const std::function<void()>>(std::move(ring))), timer_(executor) {}

  void set(TimePoint time) override {
    timer_.expires_at(time);
    // A handler on its way can't be called back, so it looks whether this is still there.
    timer_.async_wait([ring = std::weak_ptr(ring_)](const boost::system::error_code& error) {
      const auto alive = ring.lock();
      if (!error && alive != nullptr) (*alive)();
    });
  }

 private:
  std::shared_ptr<const std::function<void()>> ring_;
  boost::asio::steady_timer timer_;
};

}  // namespace

SteadyClock::SteadyClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

Clock::TimePoint SteadyClock::now() const {
  return std::chrono::steady_clock::now();
}

std::unique_ptr<Alarm> SteadyClock::alarm(std::function<void()> ring) {
  return std::make_unique<TimerAlarm>(executor_, std::move(ring));
}

}  // namespace hlb
