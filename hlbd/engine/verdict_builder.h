// Builds the verdict on a service.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/watched.h"
#include "health/failback.h"
#include "health/machine.h"
#include "health/service.h"
#include "health/standby.h"
#include "health/verdict.h"
#include "health/weights.h"

namespace hlb {

// Takes the service's backends first, then those that retire.
class VerdictBuilder {
 public:
  using TimePoint = WatchedBackend::Monotonic::time_point;

  // Expects `backends` backends. The specification must outlive the verdict.
  VerdictBuilder(const ServiceSpec& spec, std::size_t backends, TimePoint now);

  void add(const WatchedBackend& backend);
  // Adds a backend that retires, and its state.
  void add(const WatchedBackend& backend, State state);

  bool full() const { return verdict_.backends.size() >= kMaxBackends; }

  // Takes `may_wait` as verdict_of() does. `failback`, nullptr where the service has none, decides
  // anew.
  ServiceVerdict finish(bool may_wait, Failback* failback) &&;

 private:
  Tiers tiers(bool may_wait) const;
  void line_up(bool may_wait, Failback* failback);
  void leave_suspects_out();
  template <typename Function>
  void for_each_healthy(Function function) const;
  void rank();
  void tell_status();

  const ServiceSpec& spec_;
  TimePoint now_;
  ServiceVerdict verdict_;
  bool all_up_ = true;
  std::vector<PartialWeight> shares_;
  std::vector<bool> suspected_;  // by backend
};

}  // namespace hlb
