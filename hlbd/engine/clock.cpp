#include "engine/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "system/scope.h"

namespace hlb {
namespace {

class TimerAlarm final : public Alarm {
 public:
  TimerAlarm(const boost::asio::any_io_executor& executor, std::function<void()> ring)
      : ring_(std::move(ring)), timer_(executor) {}

  void set(TimePoint time) override {
    timer_.expires_at(time);
    timer_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
      const std::function<void()> ring = ring_;  // which may destroy this
      if (!error) ring();
    }));
  }

 private:
  std::function<void()> ring_;
  boost::asio::steady_timer timer_;
  Scope scope_;
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
