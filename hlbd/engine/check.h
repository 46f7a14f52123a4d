// One check of one backend: what it asks, what it has found, and when it is asked again.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/clock.h"
#include "engine/hindrances.h"
#include "health/history.h"
#include "health/judge.h"
#include "health/outcome.h"
#include "probes/probe.h"
#include "probes/target.h"
#include "system/turns.h"

namespace hlb {

// The target outlives the probe.
using MakeProbe = std::function<std::unique_ptr<probes::Probe>(const probes::Target& target)>;

// Used by hlbd's loop alone. Is probed while it is enlisted in Rounds, until it goes; a probe that
// is under way then is cancelled.
class Check : public Turns::Waiter {
 public:
  // A backend that it speaks for, by its place in the monitor; services may share a check.
  struct User {
    std::uint32_t service;
    std::uint32_t backend;
  };

  // `published` is served until there are outcomes. `host` tells this host from others.
  Check(const probes::Target& target, const MakeProbe& make, State initial, std::uint64_t host);
  ~Check();
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  const probes::Target& target() const { return question_->target; }
  const CheckSpec& spec() const { return *question_->target.spec; }
  State state() const { return judge.state(); }
  bool decided() const { return judge.decided(); }
  // It has found the backend up, and failed since, though not often enough to find it down.
  bool suspects() const { return spec().suspect && state() == State::up && judge.against() > 0; }
  // Up, and nothing has spoken against it since.
  bool at_peace() const { return state() == State::up && judge.against() == 0; }
  // An agent may never say whether its backend is up: then the other checks decide alone.
  bool may_be_silent() const { return std::holds_alternative<AgentCheck>(spec().method); }

  // Says that all is well, whenever it is asked.
  bool never_changes() const { return std::holds_alternative<NoneCheck>(spec().method); }

  // Its first outcome is waited for at start: of an agent any, as it may be silent for good.
  bool awaited() const { return may_be_silent() ? !heard : !decided(); }

  // Somebody's word, which nothing on the way to the backend can change.
  bool is_told() const {
    return may_be_silent() || std::holds_alternative<FileCheck>(spec().method);
  }

  // What a program of an exec check asks, nobody knows.
  bool asks_over_network() const {
    return !is_told() && !never_changes() && !std::holds_alternative<ExecCheck>(spec().method);
  }

  // The same for the same check on the same host, whenever it is made.
  std::uint64_t identity() const { return identity_; }

  Judge judge;
  History history;
  Advice advice;  // that stands
  std::vector<User> users;
  std::vector<std::uint32_t> left_by;  // services that it has left, and that still answer with it
  bool had_time = false;               // for a first outcome, which isn't waited for again
  bool heard = false;                  // it has had any outcome at all
  bool warned = false;                 // the last pass came with a warning
  Excuses excuses;
  Hindrances::Part hindrance;       // set while it finds nothing out
  Clock::TimePoint contrary_since;  // the first of the outcomes in a row against the state
  std::optional<Clock::TimePoint> unroutable_since;  // the first in a row that found no route

 private:
  friend class Rounds;

  // Outlives the check by one turn of the loop, if a probe is under way.
  struct Question {
    probes::Target target;
    std::unique_ptr<probes::Probe> probe;
    Check* asked_for = nullptr;                            // the check, until it goes
    std::optional<boost::asio::cancellation_signal> stop;  // while it is asked
  };

  bool under_way() const { return question_->stop.has_value(); }

  std::shared_ptr<Question> question_;
  std::uint64_t identity_;
  Clock::TimePoint since_;                 // when it began to rest, or to be probed
  bool hurried_ = false;                   // since the last probe began
  Clock::TimePoint deaf_until_{};          // to hints,
  std::chrono::milliseconds deafness_{0};  // for so long
};

// "tcp 10.0.0.1:8082", for messages.
std::string describe(const probes::Target& target);

}  // namespace hlb
