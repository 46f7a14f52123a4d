// The log of changes: one line each for people, with fields by which the journal finds it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "connections/closer.h"
#include "engine/monitor.h"
#include "health/machine.h"
#include "operators/events.h"

namespace hlb {

// `quietly`: nobody is to be alarmed by it, see OverrideKind::maintenance.
void log_change(const BackendChange& change, bool quietly);

// The names of users.
using NameUser = std::function<std::string(std::uint32_t user_id)>;

// `event`: of an override, or of which priorities serve; see event_of().
void log_override(const Event& event, const NameUser& name_user);
void log_serving(const VerdictChange& change, const Event& event, const NameUser& name_user);

// Connections to a backend that is down, or that an operator named, were ended.
void log_closing(const connections::Closing& closing, const NameUser& name_user);

// A better priority is held back from now on.
void log_hold(const VerdictChange& change);

// Decides which first states of backends the log shows one by one: with thousands of them at a
// start the journal's limit would swallow what matters after that. Those that nobody checks are no
// news, and always told as a sum. Used by hlbd's loop alone.
class FirstStates {
 public:
  static constexpr std::size_t kMostShown = 100;  // within kWindow; those beyond are told as a sum
  static constexpr std::chrono::seconds kWindow{3};

  explicit FirstStates(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // Returns whether the line of a backend that has its first state is to be shown; else counts it.
  bool shows(const BackendChange& first);

 private:
  void open_window();
  void close_window();

  boost::asio::steady_timer timer_;
  bool open_ = false;
  std::size_t shown_ = 0;
  std::size_t up_ = 0;  // not shown
  std::size_t down_ = 0;
  std::size_t unchecked_ = 0;
};

}  // namespace hlb
