#include "engine/watched.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <utility>

#include "health/advice.h"
#include "health/slow_start.h"
#include "health/weights.h"

namespace hlb {
namespace {

using TimePoint = WatchedBackend::Clock::time_point;

// Adds up what is published of a service: first its backends, then those that retire.
class VerdictBuilder {
 public:
  VerdictBuilder(const ServiceSpec& spec, std::size_t backends, TimePoint now)
      : spec_(spec), now_(now) {
    verdict_.spec = &spec;
    verdict_.backends.reserve(backends);
    shares_.reserve(backends);
    suspected_.reserve(backends);
  }

  void add(const WatchedBackend& backend, State state) {
    const bool drained = backend.advice().drained.value_or(false);
    shares_.push_back({backend.spec.weight, backend.weight_percent(spec_.slow_start, now_)});
    suspected_.push_back(backend.suspect() && backend.override != OverrideKind::force_up);
    verdict_.backends.push_back({.address = backend.spec.address,
                                 .priority = backend.spec.priority,
                                 .state = state_under(backend.override, state),
                                 .withdrawn = drained || withdraws(backend.override)});
  }

  void add(const WatchedBackend& backend) {
    add(backend, backend.state);
    const bool up = verdict_.backends.back().state == State::up;
    verdict_.status.backends += 1;
    verdict_.status.up += up ? 1 : 0;
    all_up_ = all_up_ && (up || backend.override == OverrideKind::maintenance);
  }

  bool full() const { return verdict_.backends.size() >= kMaxBackends; }

  ServiceVerdict finish(bool may_wait) && {
    const std::vector<std::uint32_t> weights = weights_of(shares_);
    for (std::size_t i = 0; i < weights.size(); ++i)
      verdict_.backends[i].weight = weights[i];
    const bool any_up = std::ranges::any_of(
        verdict_.backends, [](const BackendVerdict& each) { return each.state == State::up; });
    verdict_.undecided = may_wait && !any_up;
    leave_suspects_out();
    rank();
    tell_status();
    return std::move(verdict_);
  }

 private:
  // Backends of which each is answered when another isn't.
  using Group = std::pair<std::uint16_t, Address::Family>;

  // As long as others of their group are as many. Healthy ones alone count, as no other would be
  // answered; by families, as who asks for one of them is answered with that one's alone.
  void leave_suspects_out() {
    if (std::ranges::find(suspected_, true) == suspected_.end()) return;
    std::map<Group, std::ptrdiff_t> more_others;  // than suspects
    for_each_healthy(
        [&](const Group& group, std::size_t i) { more_others[group] += suspected_[i] ? -1 : 1; });
    for_each_healthy([&](const Group& group, std::size_t i) {
      verdict_.backends[i].suspect = suspected_[i] && more_others[group] >= 0;
    });
  }

  template <typename Function>
  void for_each_healthy(Function function) const {
    for (std::size_t i = 0; i < verdict_.backends.size(); ++i) {
      const BackendVerdict& each = verdict_.backends[i];
      if (each.healthy()) function(Group(each.priority, each.address.family), i);
    }
  }

  void rank() {
    const record::WhenAllDown rule = verdict_.published().when_all_down();
    for (const BackendVerdict& each : verdict_.backends)
      verdict_.best_rank = std::min(verdict_.best_rank, each.published().rank(rule));
  }

  void tell_status() {
    ServiceStatus& status = verdict_.status;
    for (const BackendVerdict& each : verdict_.backends) {
      status.healthy += each.healthy() ? 1 : 0;
      status.answered += verdict_.serves(each) ? 1 : 0;
    }
    if (status.healthy > 0) {
      status.state = all_up_ ? ServiceState::up : ServiceState::degraded;
    } else {
      status.state = verdict_.undecided ? ServiceState::unknown : ServiceState::down;
    }
  }

  const ServiceSpec& spec_;
  TimePoint now_;
  ServiceVerdict verdict_;
  bool all_up_ = true;
  std::vector<Share> shares_;
  std::vector<bool> suspected_;  // of each backend
};

}  // namespace

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

ServiceVerdict verdict_of(const ServiceSpec& spec, const WatchedService& service, bool may_wait,
                          TimePoint now) {
  VerdictBuilder builder(spec, service.backends.size() + service.retiring.size(), now);
  for (const WatchedBackend& backend : service.backends)
    builder.add(backend);
  for (const WatchedBackend& backend : service.retiring) {
    if (!builder.full()) builder.add(backend, backend.together());
  }
  return std::move(builder).finish(may_wait);
}

}  // namespace hlb
