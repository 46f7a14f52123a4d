#include "engine/watched.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "engine/verdict_builder.h"
#include "health/advice.h"
#include "health/weights.h"

namespace hlb {

using TimePoint = WatchedBackend::Monotonic::time_point;

std::size_t WatchedBackend::count(bool (*counts)(const Check& check)) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      checks, [=](const auto& check) { return !check->may_be_silent() && counts(*check); }));
}

std::size_t WatchedBackend::needed() const {
  const std::size_t all = count([](const Check&) { return true; });
  return checks_needed == 0 ? all : std::min<std::size_t>(checks_needed, all);
}

State WatchedBackend::together() const {
  for (const auto& check : checks) {
    if (!check->may_be_silent()) continue;
    if (check->state() == State::down || checks.size() == 1) return check->state();
  }
  const std::size_t up = count([](const Check& check) { return check.state() == State::up; });
  const std::size_t open =
      count([](const Check& check) { return check.state() == State::unknown; });
  if (up >= needed()) return State::up;
  return up + open >= needed() ? State::unknown : State::down;
}

bool WatchedBackend::suspect() const {
  if (state != State::up) return false;
  if (count([](const Check& check) { return check.suspects(); }) == 0) return false;
  const auto is_sure = [](const Check& check) {
    return check.state() == State::up && !check.suspects();
  };
  return count(is_sure) < needed();
}

Advice WatchedBackend::advice() const {
  Advice advice;
  for (const auto& check : checks)
    advice = hlb::together(advice, check->advice);
  return advice;
}

std::uint32_t WatchedBackend::weight_percent(std::chrono::milliseconds slow_start,
                                             TimePoint now) const {
  if (!back_since) return percent_under(advice(), kWholePercent);
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

void WatchedService::index() {
  by_address.resize(backends.size());
  std::iota(by_address.begin(), by_address.end(), std::uint32_t{0});
  std::ranges::sort(by_address, {}, [this](std::uint32_t i) { return backends[i].spec.address; });
}

std::optional<std::size_t> WatchedService::find(const Address& address) const {
  const auto address_at = [this](std::uint32_t i) { return backends[i].spec.address; };
  const auto found = std::ranges::lower_bound(by_address, address, {}, address_at);
  if (found == by_address.end() || address_at(*found) != address) return std::nullopt;
  return *found;
}

TimePoint WatchedService::slow_until(std::chrono::milliseconds slow_start) const {
  TimePoint last{};
  for (const WatchedBackend& backend : backends) {
    if (backend.back_since) last = std::max(last, *backend.back_since + slow_start);
  }
  return last;
}

namespace {

VerdictBuilder builder_with(const ServiceSpec& spec, std::span<const WatchedBackend> backends,
                            std::span<const WatchedBackend> retiring, TimePoint now) {
  VerdictBuilder builder(spec, backends.size() + retiring.size(), now);
  for (const WatchedBackend& backend : backends)
    builder.add(backend);
  for (const WatchedBackend& backend : retiring) {
    if (!builder.full()) builder.add(backend, backend.standing());
  }
  return builder;
}

}  // namespace

ServiceVerdict verdict_of(const ServiceSpec& spec, WatchedService& service, bool may_wait,
                          TimePoint now) {
  return builder_with(spec, service.backends, service.retiring, now)
      .finish(may_wait, service.failback.get());
}

ServiceVerdict verdict_if(const ServiceSpec& spec, const WatchedService& service,
                          std::span<const Supposed> supposed, bool may_wait, TimePoint now) {
  std::vector<WatchedBackend> backends = service.backends;
  for (const auto& [backend, override] : supposed)
    backends[backend].override = override;
  std::optional<Failback> failback;
  if (service.failback) failback = *service.failback;
  return builder_with(spec, backends, service.retiring, now)
      .finish(may_wait, failback ? &*failback : nullptr);
}

}  // namespace hlb
