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

// Decides which changes the log shows one by one: of thousands at a time the journal's limit would
// swallow what matters after them. First states of backends that nobody checks are no news, and
// always told as a sum. Used by hlbd's loop alone.
class ChangeLines {
 public:
  // Of each kind, within kWindow; those beyond are told as a sum.
  static constexpr std::size_t kMostFirstStates = 100;
  static constexpr std::size_t kMostChanges = 1000;
  static constexpr std::chrono::seconds kWindow{3};

  explicit ChangeLines(const boost::asio::any_io_executor& executor) : timer_(executor) {}
  ~ChangeLines() { close_window(); }
  ChangeLines(const ChangeLines&) = delete;
  ChangeLines& operator=(const ChangeLines&) = delete;

  // These return whether the line of a change is to be shown; else they count it: of a backend's
  // state (`quietly`: as above), of an override, and of which priorities serve.
  bool shows(const BackendChange& change, bool quietly);
  bool shows_override() { return shows(overrides_); }
  bool shows_serving() { return shows(servings_); }

 private:
  // Of one kind, in the window.
  struct Lines {
    std::size_t shown = 0;
    std::size_t others = 0;

    bool take(std::size_t most);
  };
  struct StateLines {
    Lines lines;
    std::size_t up = 0;  // of the others
    std::size_t down = 0;
    bool trouble = false;  // any of them would have been a warning

    bool take(State now, bool is_trouble, std::size_t most);
    void tell(std::string_view what) const;
  };

  bool shows(Lines& lines);
  void open_window();
  void close_window();

  boost::asio::steady_timer timer_;
  bool open_ = false;
  StateLines first_states_;
  StateLines changes_;
  Lines overrides_;
  Lines servings_;
  std::size_t unchecked_ = 0;
};

}  // namespace hlb
