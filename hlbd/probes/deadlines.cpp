#include "probes/deadlines.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <string>
#include <utility>

#include "text/duration.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
namespace intrusive = boost::intrusive;
using Monotonic = Deadline::Monotonic;

// The running deadlines, soonest first. A service of the loop, so that it lives as long as any
// probe, even one that goes down with the loop.
class Deadlines : public asio::execution_context::service {
 public:
  // NOLINTBEGIN(readability-identifier-naming): Asio names them
  using key_type = Deadlines;
  static inline asio::execution_context::id id;
  // NOLINTEND(readability-identifier-naming)

  explicit Deadlines(asio::io_context& loop)
      : asio::execution_context::service(loop), timer_(loop) {}

  void add(Deadline& deadline) {
    running_.insert(deadline);
    if (deadline.due() < wakes_at_) wake_at(deadline.due());
  }

 private:
  void shutdown() override {}

  // Replaces the wait there may be, whose handler is then called with an error.
  void wake_at(Monotonic::time_point time) {
    wakes_at_ = time;
    timer_.expires_at(time);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) wake();
    });
  }

  void wake() {
    const Monotonic::time_point now = Monotonic::now();
    while (!running_.empty() && running_.begin()->due() <= now) {
      Deadline& due = *running_.begin();
      due.stop();
      due.expire(now);
    }
    wakes_at_ = Monotonic::time_point::max();
    if (!running_.empty()) wake_at(running_.begin()->due());
  }

  intrusive::multiset<Deadline, intrusive::constant_time_size<false>> running_;
  asio::steady_timer timer_;
  Monotonic::time_point wakes_at_ = Monotonic::time_point::max();
};

}  // namespace

void Deadline::start(const asio::any_io_executor& executor, std::chrono::milliseconds timeout) {
  stop();
  started_ = Monotonic::now();
  timeout_ = timeout;
  expired_ = false;
  auto& loop = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  asio::use_service<Deadlines>(loop).add(*this);
}

void Deadline::expire(Monotonic::time_point now) {
  expired_ = true;
  lag_ = std::chrono::duration_cast<std::chrono::milliseconds>(now - due());
  on_expiry_();
}

Outcome timed_out(const Deadline& deadline, std::string_view silence) {
  if (deadline.lag() > kTolerableLag) return too_late(deadline.lag());
  return Outcome::soft_failure(std::string(silence) + " " + text::in_seconds(deadline.timeout()));
}

Outcome too_late(std::chrono::milliseconds by) {
  return Outcome::too_late("hlbd itself was late by " + text::in_seconds(by));
}

LagMeter::LagMeter(asio::any_io_executor executor, std::chrono::milliseconds step)
    : executor_(std::move(executor)), step_(step) {
  end_of_step_.start(executor_, step_);
}

std::chrono::microseconds LagMeter::most() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(sum_ + added_since_due());
}

void LagMeter::look() {
  sum_ += added_since_due();
  end_of_step_.start(executor_, step_);
}

Monotonic::duration LagMeter::added_since_due() const {
  const Monotonic::duration lag = Monotonic::now() - end_of_step_.due();
  return lag < step_ / 2 ? Monotonic::duration{0} : lag + step_;
}

}  // namespace hlb::probes
