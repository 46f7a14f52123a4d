// Watching the backends: runs every service's checks and keeps what they found.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "check.h"
#include "health/machine.h"
#include "health/service.h"
#include "health/verdict.h"
#include "probes/listeners.h"
#include "probes/prober.h"

namespace hlb {

// Used by hlbd's loop alone.
class Monitor {
 public:
  // `on_change` is called when verdicts() have changed.
  Monitor(const boost::asio::any_io_executor& executor, std::function<void()> on_change);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // The state that is published of a backend when nothing is known of it yet; what a predecessor
  // said, at start.
  using Published = std::function<State(const ServiceSpec&, const BackendSpec&)>;

  // Takes over a new configuration. A backend whose check is the same goes on as it is, one whose
  // check changed keeps its state until the first outcome, one that is new starts from `published`.
  void apply(std::vector<ServiceSpec> services, const Published& published);

  // Refer to this monitor's services, and are valid until the next apply(). Sort scores are zero.
  std::vector<ServiceVerdict> verdicts() const;
  std::span<const ServiceSpec> services() const { return services_; }

  // Where the backends are checked, in no order; some more than once.
  std::vector<probes::Listener> listeners() const;

  // Has all checks of these probe at once, see Check::probe_now(). `listeners` is sorted.
  void probe_now(std::span<const probes::Listener> listeners);

  // Whether every check has had an outcome, or has had the time for one.
  bool first_round_over() const;

 private:
  using Checks = std::vector<std::unique_ptr<Check>>;  // one for each backend, in its order

  ServiceVerdict verdict(std::size_t service) const;
  void give_first_round_time();

  ProbeSlots slots_;
  probes::Prober prober_;
  std::function<void()> on_change_;
  std::vector<ServiceSpec> services_;
  std::vector<Checks> checks_;  // one entry for each service, in its order
  boost::asio::steady_timer first_round_;
  bool first_round_timed_out_ = false;
};

}  // namespace hlb
