// What is watched: services, their backends, and the checks that speak for them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "check.h"
#include "health/service.h"
#include "health/verdict.h"

namespace hlb {

// A check, with those backends that it speaks for; more than one when services share it.
struct SharedCheck : Check {
  using Check::Check;

  struct User {  // by their places in the monitor
    std::size_t service;
    std::size_t backend;
  };
  std::vector<User> users;
};

struct WatchedBackend {
  using Clock = std::chrono::steady_clock;

  BackendSpec spec;
  std::vector<std::shared_ptr<SharedCheck>> checks;
  State state = State::unknown;
  std::optional<Clock::time_point> back_since;  // set while it may have to start slowly

  // What the checks say together: up when all pass, down when one fails.
  State together() const;
};

struct WatchedService {
  std::vector<WatchedBackend> backends;
  // Removed, and up: they stay until every backend of the above is known.
  std::vector<WatchedBackend> retiring;

  bool any_unknown() const;
};

// What is to be published. While some backend starts slowly, all weights of the service are
// multiplied by the same number, so that small ones can be divided. `may_wait`: a service without a
// backend that is up is undecided rather than down, as long as one is unknown.
ServiceVerdict verdict_of(const ServiceSpec& spec, const WatchedService& service, bool may_wait,
                          WatchedBackend::Clock::time_point now);

}  // namespace hlb
