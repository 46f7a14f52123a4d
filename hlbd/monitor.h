// Watching the backends: runs the checks of all services and keeps what they found.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "health/machine.h"
#include "health/service.h"
#include "health/verdict.h"
#include "probes/listeners.h"
#include "probes/prober.h"
#include "watched.h"

namespace hlb {

// Used by hlbd's loop alone.
class Monitor : private Check::Observer {
 public:
  // `on_change` is called when verdicts() have changed.
  Monitor(const boost::asio::any_io_executor& executor, std::function<void()> on_change);
  ~Monitor() override;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // The state that is published of a backend when nothing is known of it yet; what a predecessor
  // said, at start.
  using Published = std::function<State(const ServiceSpec&, const BackendSpec&)>;

  // Takes over a new configuration. A check that was running already goes on as it is; a backend
  // whose checks changed keeps its state until the first outcomes; one that is new starts from
  // `published`. A backend that was removed stays until those that are new to its service are
  // known, so that no service is without an answer in between.
  void apply(std::vector<ServiceSpec> services, const Published& published);

  // Refer to this monitor's services, and are valid until the next apply(). Sort scores are zero.
  std::vector<ServiceVerdict> verdicts() const;
  std::span<const ServiceSpec> services() const { return specs_; }

  // Where the backends are checked, in no order; some more than once.
  std::vector<probes::Listener> listeners() const;

  // Has all checks of these probe at once, see Check::probe_now(). `listeners` is sorted.
  void probe_now(std::span<const probes::Listener> listeners);

  // Whether every check has had an outcome, or has had the time for one.
  bool first_round_over() const;

 private:
  using Clock = std::chrono::steady_clock;

  class Running;

  void changed(const Check& check, const Check::Change& change) override;
  void own_trouble(const Outcome& outcome) override;

  using CheckSpecs = std::vector<std::shared_ptr<const CheckSpec>>;

  WatchedBackend make_backend(const ServiceSpec& service, const BackendSpec& spec,
                              const CheckSpecs& checks, Running& running,
                              const Published& published);
  void settle(const ServiceSpec& service, WatchedBackend& backend, const Check& check,
              const Check::Change& change);
  void enlist_users();
  void drop_retired();
  void give_first_round_time();
  void ramp_until(Clock::time_point end);
  void next_ramp_step();
  bool awaits_outcomes(const WatchedService& service) const;

  ProbeSlots slots_;
  probes::Prober prober_;
  std::function<void()> on_change_;
  std::vector<ServiceSpec> specs_;
  std::vector<WatchedService> services_;  // one for each specification, in its order
  boost::asio::steady_timer first_round_;
  bool first_round_timed_out_ = false;
  boost::asio::steady_timer ramp_;  // while some backend starts slowly
  Clock::time_point ramp_until_{};
  Clock::time_point next_trouble_said_{};
};

}  // namespace hlb
