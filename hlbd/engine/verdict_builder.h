// Adding up what is published of a service.
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

// First the service's backends are added, then those that retire.
class VerdictBuilder {
 public:
  using TimePoint = WatchedBackend::Monotonic::time_point;

  // `backends`: how many there will be. The specification must outlive the verdict.
  VerdictBuilder(const ServiceSpec& spec, std::size_t backends, TimePoint now);

  void add(const WatchedBackend& backend);
  // One that retires, and the state it is in.
  void add(const WatchedBackend& backend, State state);

  bool full() const { return verdict_.backends.size() >= kMaxBackends; }

  // `may_wait` as with verdict_of(). `failback` is nullptr where the service has none; else it
  // decides anew.
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
  std::vector<bool> suspected_;  // of each backend
};

}  // namespace hlb
