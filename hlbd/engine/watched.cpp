#include "engine/watched.h"

#include <algorithm>
#include <utility>

#include "health/advice.h"
#include "health/slow_start.h"
#include "health/weights.h"

namespace hlb {
namespace {

using TimePoint = WatchedBackend::Clock::time_point;

// Adds up what is published of a service.
class VerdictBuilder {
 public:
  VerdictBuilder(const ServiceSpec& spec, std::size_t backends, const Overrides& overrides,
                 TimePoint now)
      : spec_(spec), overrides_(overrides), now_(now), verdict_{&spec, false, {}} {
    verdict_.backends.reserve(backends);
    shares_.reserve(backends);
  }

  void add(const WatchedBackend& backend, State state) {
    const auto override = overrides_.kind_of(spec_.name, backend.spec.address);
    const bool drained = backend.advice().drained.value_or(false);
    shares_.push_back({backend.spec.weight, backend.weight_percent(spec_.slow_start, now_)});
    verdict_.backends.push_back({.address = backend.spec.address,
                                 .priority = backend.spec.priority,
                                 .state = state_under(override, state),
                                 .withdrawn = drained || withdraws(override)});
  }

  bool full() const { return verdict_.backends.size() >= kMaxBackends; }

  ServiceVerdict finish(bool may_wait) && {
    const std::vector<std::uint32_t> weights = weights_of(shares_);
    for (std::size_t i = 0; i < weights.size(); ++i)
      verdict_.backends[i].weight = weights[i];
    const bool any_up = std::ranges::any_of(
        verdict_.backends, [](const BackendVerdict& each) { return each.state == State::up; });
    verdict_.undecided = may_wait && !any_up;
    return std::move(verdict_);
  }

 private:
  const ServiceSpec& spec_;
  const Overrides& overrides_;
  TimePoint now_;
  ServiceVerdict verdict_;
  std::vector<Share> shares_;
};

}  // namespace

State WatchedBackend::together() const {
  State all = State::up;
  bool any = false;
  for (const auto& check : checks) {
    if (check->state() == State::down) return State::down;
    if (check->state() == State::unknown && !check->may_be_silent()) all = State::unknown;
    any |= check->state() == State::up;
  }
  return any ? all : State::unknown;
}

Advice WatchedBackend::advice() const {
  Advice advice;
  for (const auto& check : checks)
    advice = hlb::together(advice, check->advice);
  return advice;
}

std::uint32_t WatchedBackend::weight_percent(std::chrono::milliseconds slow_start,
                                             TimePoint now) const {
  constexpr std::uint32_t kWhole = 100;
  if (!back_since) return percent_under(advice(), kWhole);
  const auto back_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - *back_since);
  return percent_under(advice(), slow_start_percent(back_for, slow_start));
}

bool WatchedService::awaits_first_outcomes() const {
  return std::ranges::any_of(backends, [](const WatchedBackend& backend) {
    return backend.state == State::unknown &&
           std::ranges::any_of(backend.checks, [](const auto& check) { return !check->had_time; });
  });
}

bool WatchedService::any_undecided() const {
  return std::ranges::any_of(backends, [](const WatchedBackend& backend) {
    return std::ranges::any_of(backend.checks, [](const auto& check) {
      return !check->decided() && !check->may_be_silent() && !check->had_time;
    });
  });
}

ServiceVerdict verdict_of(const ServiceSpec& spec, const WatchedService& service,
                          const Overrides& overrides, bool may_wait, TimePoint now) {
  VerdictBuilder builder(spec, service.backends.size() + service.retiring.size(), overrides, now);
  for (const WatchedBackend& backend : service.backends)
    builder.add(backend, backend.state);
  for (const WatchedBackend& backend : service.retiring) {
    if (!builder.full()) builder.add(backend, backend.together());
  }
  return std::move(builder).finish(may_wait);
}

}  // namespace hlb
