// What hinders checks from finding anything out, through no fault of their backends: this host is
// short of something, or a file doesn't say what it should. Each is told once when it begins and
// once when it is over, however many checks it hinders.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/clock.h"
#include "health/check_spec.h"
#include "health/outcome.h"
#include "system/log.h"

namespace hlb {

// Used by hlbd's loop alone.
class Hindrances {
  struct Hindrance;

 public:
  struct Cause {
    std::string key;     // the same for all checks that it hinders
    std::string reason;  // for people; may be the first check's own
    bool of_host = true;
  };
  // Of an outcome that is unknown.
  static Cause cause_of(const CheckSpec& check, const Outcome& outcome);

  // A check holds it as long as it is hindered.
  using Part = std::shared_ptr<Hindrance>;

  using OnNotice = std::function<void(const Notice&)>;

  // The clock must outlive it. `on_notice` is called from the loop, never by a call to this.
  Hindrances(Clock& clock, OnNotice on_notice);

  // The check with this part is hindered, or still is; `who` names it when it is the first.
  void hinder(Part& part, const Cause& cause, const std::function<std::string()>& who);
  // It isn't any more.
  void release(Part& part);
  // Checks have gone that may have held parts.
  void recount();

  // What was told and isn't over, for operators; empty: nothing.
  std::string summary() const;

  // What begins is told after that, so that one line counts all whom it hinders.
  static constexpr std::chrono::seconds kTogether{1};
  // What comes and goes is told no sooner than that after it was told the last time.
  static constexpr std::chrono::minutes kToldEvery{1};
  // Causes that are told apart; what is beyond counts as one.
  static constexpr std::size_t kMost = 64;

 private:
  struct Hindrance {
    Cause cause;
    std::string first;     // of the checks
    std::size_t most = 0;  // checks at a time
    bool active = false;   // its end is yet to be told
    bool told = false;     // that it has begun
    Clock::TimePoint since{};
    std::optional<Clock::TimePoint> over_since{};
    Clock::TimePoint not_before{};  // is it told
  };

  static std::size_t hindered(const Part& hindrance);

  Part& find(const Cause& cause);
  void begin(const Part& part, const Cause& cause, std::string who);
  void end(Hindrance& hindrance);
  void tell_due();
  void tell_begin(Hindrance& hindrance);
  void tell_end(Hindrance& hindrance);

  Clock& clock_;
  OnNotice on_notice_;
  std::map<std::string, Part> hindrances_;  // by the key of the cause
  EarliestAlarm alarm_;
};

}  // namespace hlb
