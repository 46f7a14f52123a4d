#include "engine/verdict_builder.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "health/advice.h"
#include "health/override.h"

namespace hlb {
namespace {

// A priority and a family: its backends are answered in place of each other.
using Group = std::pair<std::uint16_t, Address::Family>;

}  // namespace

VerdictBuilder::VerdictBuilder(const ServiceSpec& spec, std::size_t backends, TimePoint now)
    : spec_(spec), now_(now) {
  verdict_.spec = &spec;
  verdict_.backends.reserve(backends);
  shares_.reserve(backends);
  suspected_.reserve(backends);
}

void VerdictBuilder::add(const WatchedBackend& backend, State state) {
  const bool drained = backend.advice().drained.value_or(false);
  shares_.push_back({backend.spec.weight, backend.weight_percent(spec_.slow_start, now_)});
  suspected_.push_back(backend.suspect() && backend.override != OverrideKind::force_up);
  verdict_.backends.push_back({.address = backend.spec.address,
                               .priority = backend.spec.priority,
                               .state = state_under(backend.override, state),
                               .withdrawn = drained || withdraws(backend.override)});
}

void VerdictBuilder::add(const WatchedBackend& backend) {
  add(backend, backend.state);
  const bool up = verdict_.backends.back().state == State::up;
  verdict_.status.backends += 1;
  verdict_.status.up += up ? 1 : 0;
  all_up_ = all_up_ && (up || backend.override == OverrideKind::maintenance);
}

ServiceVerdict VerdictBuilder::finish(bool may_wait, Failback* failback) && {
  const std::vector<std::uint32_t> weights = weights_of(shares_);
  for (std::size_t i = 0; i < weights.size(); ++i)
    verdict_.backends[i].weight = weights[i];
  const bool any_up = std::ranges::any_of(
      verdict_.backends, [](const BackendVerdict& each) { return each.state == State::up; });
  verdict_.undecided = may_wait && !any_up;
  if (has_standby_rules(spec_)) line_up(may_wait, failback);
  leave_suspects_out();
  rank();
  tell_status();
  return std::move(verdict_);
}

// Counts the backends of each priority before suspects are left out, as these go on counting as up.
Tiers VerdictBuilder::tiers(bool may_wait) const {
  std::map<std::uint16_t, Tier> by_priority;
  for (std::size_t i = 0; i < verdict_.backends.size(); ++i) {
    const BackendVerdict& each = verdict_.backends[i];
    if (shares_[i].weight == 0) continue;
    Tier& tier = by_priority[each.priority];
    tier.priority = each.priority;
    tier.backends += 1;
    if (!each.present()) continue;
    tier.present += 1;
    tier.healthy += each.healthy() ? 1 : 0;
    tier.awaited += may_wait && each.state == State::unknown ? 1 : 0;
  }
  Tiers tiers;
  for (const auto& [priority, tier] : by_priority)
    tiers.push_back(tier);
  return tiers;
}

void VerdictBuilder::line_up(bool may_wait, Failback* failback) {
  const Tiers tiers = this->tiers(may_wait);
  std::optional<std::uint16_t> first;
  if (failback != nullptr) {
    failback->decide(spec_, tiers, may_wait, now_);
    first = failback->serving();
    verdict_.undecided = verdict_.undecided || failback->awaits();
  }
  const Lineup lineup(spec_, tiers, first);
  for (BackendVerdict& each : verdict_.backends) {
    each.panic = lineup.serving().all;
    each.held_back = each.healthy() && !each.panic && lineup.holds_back(each.priority);
    each.priority = lineup.published(each.priority);
  }
  verdict_.status.serving = lineup.serving();
}

// Leaves suspects out while at least as many others of their group are healthy. Groups go by
// family, too, as a lookup for one family is answered with that family's backends alone.
void VerdictBuilder::leave_suspects_out() {
  const bool panic = verdict_.status.serving && verdict_.status.serving->all;
  if (panic || std::ranges::find(suspected_, true) == suspected_.end()) return;
  std::map<Group, std::ptrdiff_t> more_others;  // how many more others than suspects
  for_each_healthy(
      [&](const Group& group, std::size_t i) { more_others[group] += suspected_[i] ? -1 : 1; });
  for_each_healthy([&](const Group& group, std::size_t i) {
    verdict_.backends[i].suspect = suspected_[i] && more_others[group] >= 0;
  });
}

template <typename Function>
void VerdictBuilder::for_each_healthy(Function function) const {
  for (std::size_t i = 0; i < verdict_.backends.size(); ++i) {
    const BackendVerdict& each = verdict_.backends[i];
    if (each.healthy()) function(Group(each.priority, each.address.family), i);
  }
}

void VerdictBuilder::rank() {
  const record::WhenAllDown rule = verdict_.published().when_all_down();
  for (const BackendVerdict& each : verdict_.backends)
    verdict_.best_rank = std::min(verdict_.best_rank, each.published().rank(rule));
}

void VerdictBuilder::tell_status() {
  ServiceStatus& status = verdict_.status;
  for (const BackendVerdict& each : verdict_.backends) {
    status.healthy += each.healthy() ? 1 : 0;
    status.answered += verdict_.serves(each) ? 1 : 0;
    status.held_back += each.held_back ? 1 : 0;
  }
  if (status.healthy > 0) {
    status.state = all_up_ ? ServiceState::up : ServiceState::degraded;
  } else {
    status.state = verdict_.undecided ? ServiceState::unknown : ServiceState::down;
  }
}

}  // namespace hlb
