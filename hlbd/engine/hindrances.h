// Hindrances keep checks from finding anything out, through no fault of their backends: this host
// is short of something, or a file lacks what it should say. Each is told once when it begins and
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
  // The cause of an outcome that is unknown.
  static Cause cause_of(const CheckSpec& check, const Outcome& outcome);

  // A reference that a check holds as long as it is hindered.
  using Part = std::shared_ptr<Hindrance>;

  using OnNotice = std::function<void(const Notice&)>;

  // The clock must outlive it. `on_notice` is called from the loop, never by a call to this.
  Hindrances(Clock& clock, OnNotice on_notice);

  // Marks the check with this part as hindered; `who` names it if it is the first.
  void hinder(Part& part, const Cause& cause, const std::function<std::string()>& who);
  // Marks the check with this part as free again.
  void release(Part& part);
  // Counts anew, to be called after checks with parts may have been destroyed.
  void recount();

  // The hindrances that were told and aren't over, for operators; empty without any.
  std::string summary() const;

  // A beginning is told after this delay, so that one line counts all hindered checks.
  static constexpr std::chrono::seconds kTogether{1};
  // A hindrance that comes and goes is told at most once in this time.
  static constexpr std::chrono::minutes kToldEvery{1};
  // The most causes that are told apart; all others count as one.
  static constexpr std::size_t kMost = 64;

 private:
  struct Hindrance {
    Cause cause;
    std::string first;     // the first check that it hindered
    std::size_t most = 0;  // the most checks at a time
    bool active = false;   // its end is yet to be told
    bool told = false;     // its beginning was told
    Clock::TimePoint since{};
    std::optional<Clock::TimePoint> over_since{};
    Clock::TimePoint not_before{};  // no beginning is told before this
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
