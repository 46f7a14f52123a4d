// Watched services, their backends, and the checks that speak for them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/check.h"
#include "engine/rounds.h"
#include "health/failback.h"
#include "health/override.h"
#include "health/service.h"
#include "health/verdict.h"

namespace hlb {

struct WatchedBackend {
  using Monotonic = std::chrono::steady_clock;

  BackendSpec spec;
  std::vector<std::shared_ptr<Check>> checks;
  std::uint16_t checks_needed = 0;  // as configured
  State state = State::unknown;
  Monotonic::time_point since;                      // when it came to that state
  std::optional<Monotonic::time_point> back_since;  // set while it may have to start slowly
  std::optional<OverrideKind> override;             // the operator's, in force
  Monotonic::time_point stays_until;                // while it retires

  // The state that the checks find together: up when as many as needed pass, down when that many
  // can't any more. An agent counts only in that it can say down, unless it is alone.
  State together() const;
  // The same of one that retires: nobody settles it, so that it is up still while a check that is
  // new to it has found nothing.
  State standing() const {
    const State now = together();
    return now == State::unknown ? state : now;
  }
  // Whether it is up, and wouldn't be if the checks that suspect otherwise were right.
  bool suspect() const;
  Advice advice() const;  // of all checks together

  // The percentage of its weight that advice and slow start leave it.
  std::uint32_t weight_percent(std::chrono::milliseconds slow_start,
                               Monotonic::time_point now) const;

 private:
  std::size_t count(bool (*counts)(const Check& check)) const;  // counts checks, agents aside
  std::size_t needed() const;
};

// The backend last reached over the network, the check that reached it, and when its probe began.
struct Reached {
  Address backend;
  std::shared_ptr<const CheckSpec> by;
  WatchedBackend::Monotonic::time_point at;
};

struct WatchedService {
  std::vector<WatchedBackend> backends;
  // Backends that were removed while up: they stay until the first outcomes of the others are
  // known.
  std::vector<WatchedBackend> retiring;
  std::vector<std::uint32_t> by_address;  // places of the backends, sorted by address
  Reached reached;
  Rounds::Share share;                 // kept by the service's name over reloads
  std::unique_ptr<Failback> failback;  // nullptr where better priorities aren't held back

  // Sorts by_address anew; to be called when the backends have changed.
  void index();
  // The place of the backend; nullopt if there is none of this address.
  std::optional<std::size_t> find(const Address& address) const;
  // The time when the last backend that comes back slowly has its whole weight.
  WatchedBackend::Monotonic::time_point slow_until(std::chrono::milliseconds slow_start) const;

  // Whether an unknown backend may still have its first outcome in time.
  bool awaits_first_outcomes() const;
  // Whether outcomes are awaited that can change an inherited state.
  bool any_undecided() const;
};

template <typename Function>
void for_each_check(std::span<const WatchedService> services, Function function) {
  for (const WatchedService& service : services) {
    for (const WatchedBackend& backend : service.backends)
      std::ranges::for_each(backend.checks, function);
  }
}

// Makes the verdict on a service, but for the time since when its status holds. `may_wait`: a
// service without a backend that is up is undecided rather than down. Decides anew which priority
// serves, and keeps that in `service`.
ServiceVerdict verdict_of(const ServiceSpec& spec, WatchedService& service, bool may_wait,
                          WatchedBackend::Monotonic::time_point now);

// The override that a backend, by its place, is supposed to have; nullopt: none.
struct Supposed {
  std::size_t backend;
  std::optional<OverrideKind> override;
};

// Makes the verdict as it would be if these backends had these overrides. Changes nothing.
ServiceVerdict verdict_if(const ServiceSpec& spec, const WatchedService& service,
                          std::span<const Supposed> supposed, bool may_wait,
                          WatchedBackend::Monotonic::time_point now);

}  // namespace hlb
