// Watches the backends: runs the checks of all services and keeps what they found.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/check.h"
#include "engine/clock.h"
#include "engine/hindrances.h"
#include "engine/outdated_services.h"
#include "engine/previous_services.h"
#include "engine/rounds.h"
#include "engine/shared_checks.h"
#include "engine/walk.h"
#include "engine/watched.h"
#include "health/advice.h"
#include "health/machine.h"
#include "health/mass_failure.h"
#include "health/overrides.h"
#include "health/service.h"
#include "health/service_list.h"
#include "health/verdict.h"
#include "libnss_hlb/random.h"

namespace hlb {

// The outcome on which a change of a backend rests, with its check. None are in a row where it is
// the configuration that changed: the check had found that out before, for others.
struct Decision {
  const Check& check;
  const Outcome& outcome;
  const Ruling& ruling;
};

// A backend's change from one state to another. Valid during the call alone.
struct BackendChange {
  const ServiceSpec& service;
  const BackendSpec& backend;
  State before;
  State now;
  const std::string& reason;  // the evidence: "connection refused"
  const Decision& decision;
  std::chrono::nanoseconds lasted;  // how long it had been in the state before
  std::chrono::nanoseconds took;    // from the first of the outcomes in a row until now, or 0
};

// An override that came into force, changed or went. Valid during the call alone.
struct OverrideChange {
  enum class Cause : std::uint8_t { by_operator, by_time };

  const Overrides::Key& key;
  const Override* before;  // nullptr: no override was in force
  const Override* now;     // nullptr: no override is in force
  Cause cause = Cause::by_operator;
  std::optional<std::uint32_t> user{};  // the operator, if it is one's and is known
};

// A service whose verdict was made anew.
struct Refreshed {
  std::size_t service;  // its place in Monitor::services()
  ServiceStatus before;
};

// Sums over all services.
struct Totals {
  std::size_t services_down = 0;
  std::size_t services_healthy = 0;  // with at least one healthy backend
  std::size_t backends = 0;
  std::size_t backends_up = 0;

  void add(const ServiceStatus& status);
  void take_out(const ServiceStatus& status);
};

// Used by hlbd's loop alone, which must have ended before this is destroyed.
class Monitor {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void verdicts_changed() = 0;  // refresh() has something to do
    virtual void backend_changed(const BackendChange& change) = 0;
    virtual void advice_changed() = 0;  // some check's advice is another
    // Why checks find nothing out at the moment; empty: nothing hinders them.
    virtual void checks_hindered(const std::string& summary) = 0;
    virtual void override_changed(const OverrideChange& change) = 0;
    virtual void probed(const CheckSpec& check, const Outcome& outcome) = 0;  // for every probe
  };

  struct Host {
    std::uint64_t identity = 0;  // tells hosts apart, so that each has phases of its own
    std::uint64_t seed = 0;      // of chance
    Rounds::Limits limits;
  };

  // The clock and the observer must outlive it, as must what `make` refers to.
  Monitor(const boost::asio::any_io_executor& executor, Clock& clock, MakeProbe make, Host host,
          Observer& observer);

  // The start of a backend whose checks have no outcomes yet: at hlbd's own start it comes from the
  // predecessor.
  struct Inherited {
    State state = State::unknown;
    std::optional<Clock::TimePoint> since{};  // now, unless set
    std::vector<LastWord> words{};            // of its checks
  };
  using Inherit = std::function<Inherited(const ServiceSpec&, const BackendSpec&)>;

  // Takes over a new configuration. A check that was running already goes on as it is. A backend
  // whose checks changed keeps its state until their first outcomes, and the old checks' advice
  // until the new ones give theirs; a new backend starts from `inherit`. A backend that was removed
  // stays until the new ones of its service are known, so that no service is without an answer in
  // between. If `change` starts from list(), as compare() makes it, services that stay the same
  // cost next to nothing, and none at all where they keep their places: a single one may change
  // among very many. Else the lists are compared here. Returns whether any service changed, or
  // moved in the list.
  bool apply(ServiceChange change, const Inherit& inherit);

  // The verdict on each service, in their order: made by refresh(), once for each change, or by
  // apply(), and only read by all others. Valid until the next of these.
  std::span<const ServiceVerdict> verdicts() const { return all_.verdicts; }
  const Totals& totals() const { return totals_; }

  // Makes anew the verdicts that changes concern: one change among thousands of services costs no
  // more than its own. Returns the services whose verdicts are others since they were returned
  // before, in order. Does so for as many as `most`, and is to be called again while has_news().
  std::vector<Refreshed> refresh(std::size_t most = std::numeric_limits<std::size_t>::max());
  bool has_news() const { return outdated_.any() || !refreshed_.empty(); }

  // Tells what there is to tell now from what comes later, until the next apply().
  using News = OutdatedServices::Mark;
  News latest_news() const { return outdated_.last(); }
  // Whether refresh() has returned all up to there.
  bool was_told(News news) const { return outdated_.taken() >= news && refreshed_.empty(); }

  const Services& list() const { return all_.list; }
  std::span<const ServiceSpec> services() const { return all_.specs; }
  std::span<const WatchedService> watched() const { return all_.watched; }  // in the same order
  // The place of a service in these; nullopt if there is none of this name.
  std::optional<std::size_t> find(std::string_view service) const {
    return all_.list->find(service);
  }

  // A backend's state; unknown where it isn't watched.
  State state_of(std::string_view service, const Address& backend) const;

  // The overrides that operators of this host have set. An override of a backend that isn't watched
  // waits for it.
  const Overrides& overrides() const { return overrides_; }
  // Those that are set for all hosts of the fleet. This host's own take their place.
  const Overrides& fleet_overrides() const { return fleet_overrides_; }
  // The override in force; nullptr if there is none.
  const Override* override_of(std::string_view service, const Address& backend) const;
  // The kind that would be in force if this host had this override of the backend, or none.
  std::optional<OverrideKind> override_if(std::string_view service, const Address& backend,
                                          std::optional<OverrideKind> of_host) const;
  // The verdict on a service if this host had this override of the backends at these places, or
  // none.
  ServiceVerdict verdict_if(std::size_t service, std::span<const std::size_t> backends,
                            std::optional<OverrideKind> of_host) const;

  // An override says itself whether it is the fleet's. The observer is told when another one is in
  // force.
  void set_override(const Overrides::Key& key, Override override);
  void clear_override(const Overrides::Key& key, std::uint32_t user);
  void clear_fleet_override(const Overrides::Key& key);
  // Puts an override back that was in force before hlbd started, without a word to the observer.
  void restore_override(const Overrides::Key& key, Override override);

  // Has a service go on with the priority that served before hlbd started, if it holds back others.
  // To be called before the first apply().
  void restore_serving(const std::string& service, std::uint16_t priority);
  // Has the best priority of a service serve, as this user wants it. Tells the observer only that
  // verdicts have changed.
  void fail_back(std::size_t service, std::uint32_t user);

  // The addresses and ports where backends are checked, in no order; some more than once.
  std::vector<Endpoint> checked_places() const;
  // A number that grows when there may be more of them.
  std::size_t checks_made() const { return checks_.added(); }

  // Whether that holds for anyone whose checks ask at this address and port, whatever the address's
  // scope; port 0: of those that need none.
  bool any_user_at(const Address& address, std::uint16_t port,
                   const std::function<bool(const Check::User& user)>& holds) const;

  // Whether so much fails at once that this host's own network is the likelier cause.
  bool amid_mass_failure() { return mass_failure_.active(clock_.now()); }

  // Has all checks probe at once whose targets are concerned, see Rounds::hurry().
  void probe_now(const std::function<bool(const probes::Target&)>& concerned);
  void probe_now(std::span<const Endpoint> places);  // the checks at these places

  // Has all checks probe soon that ask over the network, beyond this host's loopback: spread over a
  // short while, so that thousands of them aren't due in one instant.
  void probe_network();

  // Tells that somebody's connections to these places have failed: see Rounds::hint(). Acts in the
  // loop's next turn, once for each place: many have their connections to one fail together.
  void hint(std::span<const Endpoint> places);

  // Whether every check has had the outcomes that decide its state, agents have been asked, or the
  // time for that is over.
  bool first_round_over() const;

 private:
  using CheckSpecs = std::vector<std::shared_ptr<const CheckSpec>>;

  // A decision of a check that very many services share. Each has it with its next verdict.
  struct OnItsWay {
    std::weak_ptr<Check> check;
    Outcome outcome;
    Ruling ruling;
    OutdatedServices::Mark last;  // of those services' marks
  };

  void settle_what_changes(const ServiceChange& change);
  bool take_over(const ServiceChange& change, const Inherit& inherit);
  bool amend(const ServiceChange& change, const Inherit& inherit);
  PreviousServices take_out(const std::vector<std::size_t>& places);
  void watch(std::size_t place, PreviousServices& before, const Inherit& inherit);
  WatchedBackend make_backend(const ServiceSpec& service, const BackendSpec& spec,
                              const CheckSpecs& checks, PreviousServices& before,
                              const Inherit& inherit, Rounds::Share& share);
  std::unique_ptr<Failback> failback_for(const ServiceSpec& service,
                                         PreviousServices& before) const;
  std::shared_ptr<Check> check_for(const probes::Target& target, State initial,
                                   Rounds::Share& share);
  void settle_as_known(std::size_t service);
  void enlist_users();
  void enlist_users(std::size_t service);
  void enlist_leavers(std::size_t service);
  void delist_leavers(std::size_t service);
  void delist_users(std::span<const std::size_t> services);
  void enlist_user(Check& check, const Check::User& user);
  void give_first_round_time(const ServiceSums& sums);
  void end_first_round();
  void end_first_round_of(std::size_t service);
  void go_on_after_first_round();
  void probe_network_of(std::size_t service);
  void follow_hints();
  bool awaits_outcomes(std::size_t service) const;
  bool awaits_any(std::size_t service) const;
  bool may_wait(std::size_t service) const;
  bool drop_retiring(std::size_t service);

  std::chrono::milliseconds take(Check& check, const Outcome& probed);
  Outcome judge_route(Check& check, Outcome outcome);
  void ask_another(const Check& check);
  void note_reached(const Check& check, const Outcome& outcome);
  void log_outcome(Check& check, const Outcome& outcome);
  void note_hindrance(Check& check, const Outcome& outcome);
  void tell(const Notice& notice);
  bool amid_mass_failure(const Check& check, const Outcome& outcome);
  void pass_on(const Decision& decision);
  void pass_on_at_once(const Decision& decision);
  void send_on_its_way(const Decision& decision);
  void settle(std::size_t service, WatchedBackend& backend, const Decision& decision);
  void settle_before_verdict(std::size_t service);
  const OnItsWay* decision_on_its_way(const std::shared_ptr<Check>& check) const;
  bool another_made_it(const WatchedBackend& backend, State state) const;
  void override_backend(const Overrides::Key& key, std::optional<OverrideKind> kind);
  void put_override(const Overrides::Key& key, Override override);
  template <typename Edit>
  void change_override(const Overrides::Key& key, OverrideChange::Cause cause,
                       std::optional<std::uint32_t> user, Edit edit);
  void end_due_overrides();
  void await_names();
  void make_verdict(std::size_t service);
  std::optional<Clock::TimePoint> next_by_time(std::size_t service, Clock::TimePoint now) const;

  Clock& clock_;
  MakeProbe make_;
  Host host_;
  Observer& observer_;
  Random chance_;
  Rounds rounds_;
  SharedChecks checks_;
  WatchedServices all_;
  Overrides overrides_;
  Overrides fleet_overrides_;
  EarliestAlarm next_override_end_;
  Hindrances hindrances_;
  Totals totals_;
  // Also by time, where a priority is held back, or some backend starts slowly.
  OutdatedServices outdated_;
  Untold refreshed_;  // to be returned by refresh()
  // Each with the services that it speaks to of backends that retire.
  std::set<std::pair<const Check*, std::uint32_t>> leavers_;
  MassFailure mass_failure_;
  bool mass_failure_said_ = false;
  // Of the checks that are new since the round before. What comes while it is under way has a round
  // of its own after it: changes without end must not keep services undecided without end.
  std::unique_ptr<Alarm> first_round_;
  std::optional<Clock::TimePoint> first_round_end_;  // while it is under way
  Clock::TimePoint awaited_until_{};                 // the end for checks that are new now
  bool first_round_timed_out_ = false;
  Walk end_of_first_round_;
  Walk hurried_;                      // by probe_network()
  Clock::TimePoint hurried_since_{};  // its begin
  std::size_t hurried_so_far_ = 0;    // checks
  std::set<Endpoint> hinted_;         // to be followed in the next turn
  std::unique_ptr<Alarm> hints_;      // that turn
  std::size_t unheard_ = 0;           // checks whose first outcome is waited for
  std::map<const Check*, OnItsWay> on_their_way_;
  std::map<std::string, std::uint16_t, std::less<>> served_before_;  // until the first apply()
};

}  // namespace hlb
