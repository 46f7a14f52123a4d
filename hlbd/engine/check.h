// A check of a backend: its question, its findings, and when it is probed again.
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
#include "system/moment.h"
#include "system/turns.h"

namespace hlb {

// The target outlives the probe.
using MakeProbe = std::function<std::unique_ptr<probes::Probe>(const probes::Target& target)>;

// Is probed from Rounds::enlist() until it is destroyed, which cancels a probe under way. Used by
// hlbd's loop alone.
class Check : public Turns::Waiter {
 public:
  // A backend that the check speaks for, by its place in the monitor; services may share a check.
  struct User {
    std::uint32_t service;
    std::uint32_t backend;
  };

  // `initial` is the state until there are outcomes. `host` tells this host from others.
  Check(const probes::Target& target, const MakeProbe& make, State initial, std::uint64_t host);
  ~Check();
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  const probes::Target& target() const { return question_->target; }
  const CheckSpec& spec() const { return *question_->target.spec; }
  State state() const { return judge.state(); }
  bool decided() const { return judge.decided(); }
  // Whether it has found the backend up, and failed since, though too seldom to find it down.
  bool suspects() const { return spec().suspect && state() == State::up && judge.against() > 0; }
  // Whether it has found the backend up, with nothing against it since.
  bool at_peace() const { return state() == State::up && judge.against() == 0; }
  // Whether it may never say up or down, as an agent may: then the other checks decide alone.
  bool may_be_silent() const { return std::holds_alternative<AgentCheck>(spec().method); }

  // Whether it passes each time, without asking anybody.
  bool never_changes() const { return std::holds_alternative<NoneCheck>(spec().method); }

  // Whether its first outcome is still waited for at start; an agent's may be any, as it may never
  // say up or down.
  bool awaited() const { return may_be_silent() ? !heard : !decided(); }

  // Whether it is somebody's word, which nothing on the way to the backend can change.
  bool is_told() const {
    return may_be_silent() || std::holds_alternative<FileCheck>(spec().method);
  }

  // Whether its probes cross the network. Nobody knows for the program of an exec check, so it
  // doesn't count.
  bool asks_over_network() const {
    return !is_told() && !never_changes() && !std::holds_alternative<ExecCheck>(spec().method);
  }

  // A number that is the same for the same check on the same host, whenever it is made.
  std::uint64_t identity() const { return identity_; }

  Judge judge;
  History history;
  // There are very many checks: small members stand together, which leaves no gaps.
  Advice advice;          // that stands, from its outcomes so far
  bool had_time = false;  // a first outcome isn't waited for any more
  bool heard = false;     // there has been any outcome at all
  std::vector<User> users;
  Clock::TimePoint awaited_until{};  // so long a first outcome is waited for at least
  WallTime certificate_end{};        // of the backend's certificate; zero: none was shown
  Hindrances::Part hindrance;        // set while probes find nothing out
  Clock::TimePoint contrary_since;   // time of the first outcome in a row against the state
  std::optional<Clock::TimePoint> unroutable_since;  // first probe in a row without a route
  bool warned = false;                               // the last pass came with a warning
  Excuses excuses;

 private:
  friend class Rounds;

  // Shared with the probe under way, and so outlives the check by one turn of the loop.
  struct Question {
    probes::Target target;
    std::unique_ptr<probes::Probe> probe;
    Check* asked_for = nullptr;                            // the check, until it goes
    std::optional<boost::asio::cancellation_signal> stop;  // while a probe is under way
  };

  bool under_way() const { return question_->stop.has_value(); }

  bool hurried_ = false;  // hurry() was called since the last probe began
  std::shared_ptr<Question> question_;
  std::uint64_t identity_;
  Clock::TimePoint since_;                 // when its rest or its probe began
  Clock::TimePoint deaf_until_{};          // hints before then are ignored
  std::chrono::milliseconds deafness_{0};  // how long the last hint made it so
};

// A target in messages: "tcp 10.0.0.1:8082".
std::string describe(const probes::Target& target);

}  // namespace hlb
