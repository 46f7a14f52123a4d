// The time limits of all probes of a loop, on a timer that is hardly ever set.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/set.hpp>
#include <chrono>
#include <functional>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

// A time limit, for one attempt after the other. Starting and stopping it make no system call as a
// rule: one timer serves the deadlines of a loop, and is left as it is when a deadline is met, to
// find out by itself that nothing was due. Not thread-safe: used by the loop of the executor alone,
// which must be an io_context's.
class Deadline : public boost::intrusive::set_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Monotonic = std::chrono::steady_clock;

  // `on_expiry` must not throw, nor start, stop or destroy another deadline than this.
  explicit Deadline(std::function<void()> on_expiry) : on_expiry_(std::move(on_expiry)) {}

  // Lets the time run from now on, even if it ran already.
  void start(const boost::asio::any_io_executor& executor, std::chrono::milliseconds timeout);

  // Sees to it that `on_expiry` isn't called any more.
  void stop() { unlink(); }

  bool expired() const { return expired_; }               // since it was started
  std::chrono::milliseconds lag() const { return lag_; }  // how late that was noticed
  std::chrono::milliseconds timeout() const { return timeout_; }
  Monotonic::duration elapsed() const { return Monotonic::now() - started_; }
  Monotonic::time_point due() const { return started_ + timeout_; }

  void expire(Monotonic::time_point now);  // by the timer

  friend bool operator<(const Deadline& one, const Deadline& other) {
    return one.due() < other.due();
  }

 private:
  std::function<void()> on_expiry_;
  Monotonic::time_point started_;
  std::chrono::milliseconds timeout_{0};
  std::chrono::milliseconds lag_{0};
  bool expired_ = false;
};

// A timeout that is noticed later than this proves that hlbd was late, and nothing of the backend.
inline constexpr std::chrono::milliseconds kTolerableLag{100};

// The outcome of an attempt whose time is up: a soft failure that says `silence` and the timeout,
// "no reply in" + " 1s"; unknown if hlbd was late.
Outcome timed_out(const Deadline& deadline, std::string_view silence);
Outcome too_late(std::chrono::milliseconds by);

// Measures how late the loop is, from construction on, by a look at the clock in each step. Used as
// a Deadline is.
class LagMeter {
 public:
  LagMeter(boost::asio::any_io_executor executor, std::chrono::milliseconds step);
  LagMeter(const LagMeter&) = delete;
  LagMeter& operator=(const LagMeter&) = delete;

  // The most that lateness may have added to what took place meanwhile: rather too much than too
  // little, as the loop may have been late before a step's end, too. Less than half a step counts
  // as none.
  std::chrono::microseconds most() const;

 private:
  void look();
  Deadline::Monotonic::duration added_since_due() const;

  boost::asio::any_io_executor executor_;
  std::chrono::milliseconds step_;
  Deadline::Monotonic::duration sum_{0};
  Deadline end_of_step_{[this] { look(); }};
};

}  // namespace hlb::probes
