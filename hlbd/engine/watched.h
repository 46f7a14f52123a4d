// What is watched: services, their backends, and the checks that speak for them.
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

  // What the checks say together: up when as many pass as are needed, down when so many can't any
  // more. An agent counts only in that it can say down, unless it is alone.
  State together() const;
  // It is up, and wouldn't be if the checks that suspect otherwise were right.
  bool suspect() const;
  Advice advice() const;  // of all its checks together

  // The percentage of its weight that it gets by what it asks for, and while it starts slowly.
  std::uint32_t weight_percent(std::chrono::milliseconds slow_start,
                               Monotonic::time_point now) const;

 private:
  std::size_t count(bool (*counts)(const Check& check)) const;  // of its checks, agents aside
  std::size_t needed() const;
};

// Who was reached last over the network, by what, and when: when that probe began.
struct Reached {
  Address backend;
  std::shared_ptr<const CheckSpec> by;
  WatchedBackend::Monotonic::time_point at;
};

struct WatchedService {
  std::vector<WatchedBackend> backends;
  // Removed, and up: they stay until every backend of the above is known.
  std::vector<WatchedBackend> retiring;
  std::vector<std::uint32_t> by_address;  // the places of the backends, in the addresses' order
  Reached reached;
  Rounds::Share share;                 // by its name: stays over reloads
  std::unique_ptr<Failback> failback;  // if the service has a rule for it

  // To be called when the backends are other ones.
  void index();
  // Where the backend stands; nullopt if there is none of this address.
  std::optional<std::size_t> find(const Address& address) const;
  // Of the backends that come back slowly, when the last one has its whole weight.
  WatchedBackend::Monotonic::time_point slow_until(std::chrono::milliseconds slow_start) const;

  // Whether a backend is unknown that may still have its first outcome in time.
  bool awaits_first_outcomes() const;
  // Whether outcomes are still awaited that can change what a predecessor said.
  bool any_undecided() const;
};

template <typename Function>
void for_each_check(std::span<const WatchedService> services, Function function) {
  for (const WatchedService& service : services) {
    for (const WatchedBackend& backend : service.backends)
      std::ranges::for_each(backend.checks, function);
  }
}

// What is to be published; since when is left open. `may_wait`: a service without a backend that is
// up is undecided rather than down. Which priority serves is decided anew, and kept in `service`.
ServiceVerdict verdict_of(const ServiceSpec& spec, WatchedService& service, bool may_wait,
                          WatchedBackend::Monotonic::time_point now);

}  // namespace hlb
