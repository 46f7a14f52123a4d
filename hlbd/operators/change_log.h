// The log of changes: one line each for people, with fields by which the journal finds it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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

// Decides which changes of backends the log shows one by one: of thousands at a time the journal's
// limit would swallow what matters after them. First states of backends that nobody checks are no
// news, and always told as a sum. Used by hlbd's loop alone.
class ChangeLines {
 public:
  // Within kWindow; those beyond are told as a sum.
  static constexpr std::size_t kMostFirstStates = 100;
  static constexpr std::size_t kMostChanges = 1000;
  static constexpr std::chrono::seconds kWindow{3};

  explicit ChangeLines(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // Returns whether the line of this change is to be shown; else counts it.
  bool shows(const BackendChange& change);

 private:
  // Of one kind, in the window.
  struct Lines {
    std::size_t shown = 0;
    std::size_t up = 0;  // not shown
    std::size_t down = 0;

    bool take(State now, std::size_t most);
    void tell(std::string_view what, bool trouble) const;
  };

  void open_window();
  void close_window();

  boost::asio::steady_timer timer_;
  bool open_ = false;
  Lines first_states_;
  Lines changes_;
  std::size_t unchecked_ = 0;
};

}  // namespace hlb
