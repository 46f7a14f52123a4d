#include "health/failback.h"

#include <algorithm>

namespace hlb {

void Failback::decide(const ServiceSpec& service, const Tiers& tiers, bool may_wait,
                      TimePoint now) {
  awaits_ = false;
  const Tier* const best = best_of(tiers);
  if (ended_by_) {
    asked_by_ = *ended_by_;
    ended_by_.reset();
    if (best != nullptr) serve(best->priority, Cause::asked);
  } else if (serving_) {
    go_on_or_fall(service, tiers, may_wait);
  } else if (best != nullptr && !may_wait) {
    serving_ = best->priority;
  }
  note_healthy(service, tiers, now);
  serve_when_due(service, now);
}

void Failback::serve(std::uint16_t priority, Cause cause) {
  if (serving_ == priority) return;
  serving_ = priority;
  cause_ = cause;
}

void Failback::go_on_or_fall(const ServiceSpec& service, const Tiers& tiers, bool may_wait) {
  const auto found = std::ranges::find(tiers, *serving_, &Tier::priority);
  const Tier* const now = found == tiers.end() ? nullptr : &*found;
  if (now != nullptr && now->has(service.min_healthy)) return;
  const bool comes = now == nullptr ? !service.named.empty() : now->awaited > 0;
  if (may_wait && comes) {
    awaits_ = now == nullptr || now->healthy == 0;
    return;
  }
  if (const Tier* const best = best_of(tiers)) serve(best->priority, Cause::need);
}

void Failback::note_healthy(const ServiceSpec& service, const Tiers& tiers, TimePoint now) {
  std::erase_if(healthy_since_, [&](const auto& each) {
    return each.first >= serving_.value_or(0) || std::ranges::none_of(tiers, [&](const Tier& tier) {
             return tier.priority == each.first && tier.has(service.min_healthy);
           });
  });
  for (const Tier& each : tiers) {
    if (each.priority >= serving_.value_or(0)) break;
    if (each.has(service.min_healthy)) healthy_since_.emplace(each.priority, now);
  }
}

void Failback::serve_when_due(const ServiceSpec& service, TimePoint now) {
  if (!service.failback) return;
  const auto due = std::ranges::find_if(
      healthy_since_, [&](const auto& each) { return each.second + *service.failback <= now; });
  if (due == healthy_since_.end()) return;
  serve(due->first, Cause::time);
  healthy_since_.erase(due, healthy_since_.end());
}

std::optional<Failback::TimePoint> Failback::due(const ServiceSpec& service) const {
  if (!service.failback || healthy_since_.empty()) return std::nullopt;
  const auto first =
      std::ranges::min_element(healthy_since_, {}, [](const auto& each) { return each.second; });
  return first->second + *service.failback;
}

}  // namespace hlb
