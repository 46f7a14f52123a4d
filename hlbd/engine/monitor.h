// Watching the backends: runs the checks of all services and keeps what they found.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/check.h"
#include "engine/clock.h"
#include "engine/rounds.h"
#include "engine/takeover.h"
#include "engine/timed_overrides.h"
#include "engine/watched.h"
#include "health/machine.h"
#include "health/mass_failure.h"
#include "health/service.h"
#include "health/verdict.h"
#include "libnss_hlb/random.h"
#include "probes/listeners.h"

namespace hlb {

// What a change of a backend rests on: the outcome of one of its checks.
struct Evidence {
  const Check& check;
  const Outcome& outcome;
  const Ruling& ruling;
};

// A backend of a service went from one state to another. Valid during the call alone.
struct BackendChange {
  const ServiceSpec& service;
  const BackendSpec& backend;
  State before;
  State now;
  const std::string& reason;  // the evidence: "connection refused"
  const Evidence& evidence;
  std::chrono::nanoseconds lasted;  // how long it had been in the state before
  std::chrono::nanoseconds took;    // from the first of the outcomes in a row until now
};

// An override came into force, or went. Valid during the call alone.
struct OverrideChange {
  enum class Cause : std::uint8_t { by_operator, by_time };

  const Overrides::Key& key;
  const Override* before;  // nullptr: none was in force
  const Override* now;     // nullptr: none is
  Cause cause = Cause::by_operator;
};

// Used by hlbd's loop alone, which must have ended before this goes.
class Monitor {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void verdicts_changed() = 0;  // they are to be published
    virtual void backend_changed(const BackendChange& change) = 0;
    virtual void override_changed(const OverrideChange& change) = 0;
    virtual void probed(const CheckSpec& check, const Outcome& outcome) = 0;  // by every probe
  };

  struct Host {
    std::uint64_t identity = 0;      // tells hosts apart, so that each has phases of its own
    std::uint64_t seed = 0;          // of chance
    std::size_t most_probes = 1024;  // at a time
  };

  // The clock and the observer must outlive it, as must what `make` refers to.
  Monitor(const boost::asio::any_io_executor& executor, Clock& clock, MakeProbe make, Host host,
          Observer& observer);

  // What is published of a backend when nothing is known of it yet: at start, what a predecessor
  // said.
  struct Known {
    State state = State::unknown;
    std::optional<Clock::TimePoint> since;  // now, unless set
  };
  using Published = std::function<Known(const ServiceSpec&, const BackendSpec&)>;

  // Takes over a new configuration. A check that was running already goes on as it is; a backend
  // whose checks changed keeps its state until the first outcomes; one that is new starts from
  // `published`. A backend that was removed stays until those that are new to its service are
  // known, so that no service is without an answer in between.
  void apply(std::vector<ServiceSpec> services, const Published& published);

  // Refer to this monitor's services, and are valid until the next apply(). Sort scores are zero.
  std::vector<ServiceVerdict> verdicts() const;
  ServiceVerdict verdict(std::size_t service) const;

  // Brings `verdicts`, which is as the last call left it, up to date; empty at first. Returns which
  // have been made anew, in order: one change among thousands of services costs no more than that.
  std::vector<std::size_t> update(std::vector<ServiceVerdict>& verdicts);

  std::span<const ServiceSpec> services() const { return specs_; }
  std::span<const WatchedService> watched() const { return services_; }  // in the same order

  // The operator's overrides. Those of backends that aren't watched wait for them.
  const Overrides& overrides() const { return overrides_.in_force(); }
  void set_override(const Overrides::Key& key, Override override);
  void clear_override(const Overrides::Key& key);
  // Says nothing to the observer: for what was in force before hlbd started.
  void restore_override(const Overrides::Key& key, Override override);

  // Where the backends are checked, in no order; some more than once.
  std::vector<probes::Listener> listeners() const;

  // Has all checks probe at once whose targets are concerned, see Rounds::hurry().
  void probe_now(const std::function<bool(const probes::Target&)>& concerned);

  // Whether every check has had an outcome, or has had the time for one.
  bool first_round_over() const;

 private:
  using CheckSpecs = std::vector<std::shared_ptr<const CheckSpec>>;

  WatchedBackend make_backend(const ServiceSpec& service, const BackendSpec& spec,
                              const CheckSpecs& checks, Takeover& before,
                              const Published& published);
  void enlist_users();
  void give_first_round_time();
  void end_first_round();
  bool awaits_outcomes(std::size_t service) const;
  void drop_retired();

  std::chrono::milliseconds take(Check& check, const Outcome& probed);
  void log_outcome(Check& check, const Outcome& outcome);
  void own_trouble(const Outcome& outcome);
  bool amid_mass_failure(const Check& check, const Outcome& outcome);
  void settle(std::size_t service, WatchedBackend& backend, const Evidence& evidence);
  void ramp_until(Clock::TimePoint end);
  void next_ramp_step();
  void tell_override(const OverrideChange& change);

  Clock& clock_;
  MakeProbe make_;
  Host host_;
  Observer& observer_;
  Random chance_;
  Rounds rounds_;
  std::vector<ServiceSpec> specs_;
  std::vector<WatchedService> services_;  // one for each specification, in its order
  TimedOverrides overrides_;
  std::set<std::size_t> stale_;  // the services whose verdicts changed since update()
  bool all_stale_ = true;
  MassFailure mass_failure_;
  bool mass_failure_said_ = false;
  std::unique_ptr<Alarm> first_round_;
  bool first_round_timed_out_ = false;
  std::unique_ptr<Alarm> ramp_;  // while some backend starts slowly
  Clock::TimePoint ramp_until_{};
  Clock::TimePoint next_trouble_said_{};
};

}  // namespace hlb
