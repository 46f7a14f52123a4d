// Watching the backends: runs the checks of all services and keeps what they found.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/check.h"
#include "engine/clock.h"
#include "engine/due_services.h"
#include "engine/hindrances.h"
#include "engine/marked.h"
#include "engine/rounds.h"
#include "engine/shared_checks.h"
#include "engine/takeover.h"
#include "engine/timed_overrides.h"
#include "engine/watched.h"
#include "health/last_word.h"
#include "health/machine.h"
#include "health/mass_failure.h"
#include "health/service.h"
#include "health/service_list.h"
#include "health/verdict.h"
#include "libnss_hlb/random.h"

namespace hlb {

// What a change of a backend rests on: the outcome of one of its checks.
struct Decision {
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
  const Decision& decision;
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

// A service whose verdict was made anew.
struct Refreshed {
  std::size_t service;  // its place in the monitor
  ServiceStatus before;
};

// Of all services together.
struct Totals {
  std::size_t services_down = 0;
  std::size_t services_healthy = 0;  // with at least one healthy backend
  std::size_t backends = 0;
  std::size_t backends_up = 0;

  void add(const ServiceStatus& status);
  void take_out(const ServiceStatus& status);
};

// Used by hlbd's loop alone, which must have ended before this goes.
class Monitor {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void verdicts_changed() = 0;  // refresh() has something to do
    virtual void backend_changed(const BackendChange& change) = 0;
    virtual void advice_changed() = 0;  // of any check
    // Why checks find nothing out at the moment; empty: none does.
    virtual void checks_hindered(const std::string& summary) = 0;
    virtual void override_changed(const OverrideChange& change) = 0;
    virtual void probed(const CheckSpec& check, const Outcome& outcome) = 0;  // by every probe
  };

  struct Host {
    std::uint64_t identity = 0;  // tells hosts apart, so that each has phases of its own
    std::uint64_t seed = 0;      // of chance
    Rounds::Places places;
  };

  // The clock and the observer must outlive it, as must what `make` refers to.
  Monitor(const boost::asio::any_io_executor& executor, Clock& clock, MakeProbe make, Host host,
          Observer& observer);

  // What is published of a backend when nothing is known of it yet: at start, what a predecessor
  // said.
  struct Known {
    State state = State::unknown;
    std::optional<Clock::TimePoint> since{};  // now, unless set
    std::vector<LastWord> words{};            // of its checks
  };
  using Published = std::function<Known(const ServiceSpec&, const BackendSpec&)>;

  // Takes over a new configuration. A check that was running already goes on as it is; a backend
  // whose checks changed keeps its state until the first outcomes, and their advice until the new
  // ones give theirs; one that is new starts from `published`. A backend that was removed stays
  // until those that are new to its service are known, so that no service is without an answer in
  // between. A service that is as it was costs next to nothing, if `change` is from list() on, else
  // to be told from what was before. Returns whether any is another one, or has another place.
  bool apply(ServiceChange change, const Published& published);

  // What is true of each service, in their order: made by refresh(), once for each change, and only
  // read by all others. Valid until the next refresh() or apply().
  std::span<const ServiceVerdict> verdicts() const { return all_.verdicts; }
  const Totals& totals() const { return totals_; }

  // Makes the verdicts anew that something has changed for since the last call: one change among
  // thousands of services costs no more than its own. Returns which, in order.
  std::vector<Refreshed> refresh();

  const Services& list() const { return all_.list; }
  std::span<const ServiceSpec> services() const { return all_.specs; }
  std::span<const WatchedService> watched() const { return all_.watched; }  // in the same order
  // Where a service stands in these; nullopt if there is none of this name.
  std::optional<std::size_t> find(std::string_view service) const {
    return all_.list->find(service);
  }

  // What checks find of a backend; unknown where it isn't watched.
  State state_of(std::string_view service, const Address& backend) const;

  // The operator's overrides. Those of backends that aren't watched wait for them.
  const Overrides& overrides() const { return overrides_.in_force(); }
  void set_override(const Overrides::Key& key, Override override);
  void clear_override(const Overrides::Key& key);
  // Says nothing to the observer: for what was in force before hlbd started.
  void restore_override(const Overrides::Key& key, Override override);

  // Has a service go on with the priority that served before hlbd started, if it holds back others.
  // To be called before the first apply().
  void restore_serving(const std::string& service, std::uint16_t priority);
  // Has the best priority of a service serve, as this user wants it. Says nothing to the observer
  // but that verdicts have changed.
  void fail_back(std::size_t service, std::uint32_t user);

  // Where the backends are checked, in no order; some more than once.
  std::vector<Endpoint> listeners() const;

  // Has all checks probe at once whose targets are concerned, see Rounds::hurry().
  void probe_now(const std::function<bool(const probes::Target&)>& concerned);
  void probe_now(std::span<const Endpoint> places);  // those there, however many there are

  // The same for all checks that ask over the network, beyond this host's loopback: one after the
  // other in a short while, so that thousands of them aren't due in one instant.
  void probe_network();

  // Somebody's connections there have failed: see Rounds::hint().
  void hint(std::span<const Endpoint> places);

  // Whether every check has had an outcome, agents too, or has had the time for one.
  bool first_round_over() const;

 private:
  using CheckSpecs = std::vector<std::shared_ptr<const CheckSpec>>;

  bool take_over(const ServiceChange& change, const Published& published);
  void watch(std::size_t place, Takeover& before, const Published& published);
  WatchedBackend make_backend(const ServiceSpec& service, const BackendSpec& spec,
                              const CheckSpecs& checks, Takeover& before,
                              const Published& published, Rounds::Share& share);
  std::unique_ptr<Failback> failback_for(const ServiceSpec& service, Takeover& before) const;
  std::shared_ptr<Check> check_for(const probes::Target& target, State published,
                                   Rounds::Share& share);
  void go_on_slowly();
  void restore_overrides();
  void enlist_users();
  void enlist_user(Check& check, const Check::User& user);
  void give_first_round_time();
  void end_first_round();
  bool awaits_outcomes(std::size_t service) const;
  bool awaits_any(std::size_t service) const;
  void drop_retired();
  void drop_retired(std::size_t service);

  std::chrono::milliseconds take(Check& check, const Outcome& probed);
  Outcome judge_route(Check& check, Outcome outcome);
  void ask_another(const Check& check);
  void note_reached(const Check& check, const Outcome& outcome);
  void log_outcome(Check& check, const Outcome& outcome);
  void note_hindrance(Check& check, const Outcome& outcome);
  void tell(const Hindrances::News& news);
  bool amid_mass_failure(const Check& check, const Outcome& outcome);
  void settle(std::size_t service, WatchedBackend& backend, const Decision& decision);
  void start_slowly(std::size_t service);
  void next_ramp_step();
  void override_backend(const Overrides::Key& key, std::optional<OverrideKind> kind);
  void tell_override(const OverrideChange& change);
  void make_first_verdicts();
  void make_verdicts();
  void make_verdict(std::size_t service);
  void await_failback(std::size_t service);

  Clock& clock_;
  MakeProbe make_;
  Host host_;
  Observer& observer_;
  Random chance_;
  Rounds rounds_;
  WatchedServices all_;
  SharedChecks checks_;
  TimedOverrides overrides_;
  Hindrances hindrances_;
  Totals totals_;
  Marked stale_;                      // the services whose verdicts are to be made anew
  std::vector<Refreshed> refreshed_;  // for the next refresh() to tell
  MassFailure mass_failure_;
  bool mass_failure_said_ = false;
  std::unique_ptr<Alarm> first_round_;
  bool first_round_timed_out_ = false;
  std::size_t unheard_ = 0;      // checks that have had no outcome, of those that are waited for
  std::unique_ptr<Alarm> ramp_;  // while some backend starts slowly
  std::set<std::size_t> slow_;   // the services of those
  std::map<std::string, std::uint16_t, std::less<>> served_before_;  // until the first apply()
  DueServices failbacks_;  // of services that hold a priority back for some time
};

}  // namespace hlb
