#include "watched.h"

#include <algorithm>

#include "health/slow_start.h"

namespace hlb {
namespace {

using TimePoint = WatchedBackend::Clock::time_point;

constexpr std::uint32_t kWhole = 100;  // percent

std::uint32_t percent_of_weight(const ServiceSpec& spec, const WatchedBackend& backend,
                                TimePoint now) {
  if (!backend.back_since) return kWhole;
  const auto since = now - *backend.back_since;
  return slow_start_percent(std::chrono::duration_cast<std::chrono::milliseconds>(since),
                            spec.slow_start);
}

// What all weights of the service are multiplied by.
std::uint32_t scale_of(const ServiceSpec& spec, const WatchedService& service, TimePoint now) {
  const bool whole = std::ranges::all_of(service.backends, [&](const WatchedBackend& backend) {
    return percent_of_weight(spec, backend, now) == kWhole;
  });
  if (whole) return 1;
  std::uint32_t most = 1;
  for (const WatchedBackend& backend : service.backends)
    most = std::max(most, backend.spec.weight);
  return std::clamp(kMaxWeight / most, 1U, kWhole);
}

// A backend that has a weight keeps some.
std::uint32_t weight_of(const ServiceSpec& spec, const WatchedBackend& backend, std::uint32_t scale,
                        TimePoint now) {
  if (backend.spec.weight == 0) return 0;
  return std::max(backend.spec.weight * scale * percent_of_weight(spec, backend, now) / kWhole, 1U);
}

}  // namespace

State WatchedBackend::together() const {
  State all = State::up;
  for (const auto& check : checks) {
    if (check->state() == State::down) return State::down;
    if (check->state() == State::unknown) all = State::unknown;
  }
  return all;
}

bool WatchedService::any_unknown() const {
  return std::ranges::any_of(
      backends, [](const WatchedBackend& backend) { return backend.state == State::unknown; });
}

ServiceVerdict verdict_of(const ServiceSpec& spec, const WatchedService& service, bool may_wait,
                          TimePoint now) {
  ServiceVerdict verdict{&spec, may_wait && service.any_unknown(), {}};
  const std::uint32_t scale = scale_of(spec, service, now);
  const auto add = [&](const WatchedBackend& backend, State state) {
    verdict.backends.push_back({backend.spec.address, weight_of(spec, backend, scale, now),
                                backend.spec.priority, state, 0});
    if (state == State::up) verdict.undecided = false;
  };
  verdict.backends.reserve(service.backends.size() + service.retiring.size());
  for (const WatchedBackend& backend : service.backends)
    add(backend, backend.state);
  for (const WatchedBackend& backend : service.retiring) {
    if (verdict.backends.size() < kMaxBackends) add(backend, backend.together());
  }
  return verdict;
}

}  // namespace hlb
