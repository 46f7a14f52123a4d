#include "health/standby.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "health/outcome.h"

namespace hlb {
namespace {

constexpr std::uint16_t kWorst = std::numeric_limits<std::uint16_t>::max();

}  // namespace

bool Tier::has(const MinHealthy& least) const {
  if (healthy == 0) return false;
  const std::uint64_t hoped_for = std::uint64_t{healthy} + awaited;
  if (least.percent == 0) return hoped_for >= least.number;
  return hoped_for * kWholePercent >= std::uint64_t{backends} * least.percent;
}

const Tier* best_of(const Tiers& tiers) {
  const auto best = std::ranges::find_if(tiers, [](const Tier& each) { return each.healthy > 0; });
  return best == tiers.end() ? nullptr : &*best;
}

std::string to_string(const Serving& serving) {
  if (serving.all) return "all backends";
  const std::string first = std::to_string(serving.first);
  return serving.first == serving.last
             ? "priority " + first
             : "priorities " + first + " to " + std::to_string(serving.last);
}

Lineup::Lineup(const ServiceSpec& service, const Tiers& tiers, std::optional<std::uint16_t> first)
    : keeps_(hlb::holds_back(service)) {
  const Tier* const best = best_of(tiers);
  if (first) {
    serving_.first = *first;
  } else if (best != nullptr) {
    serving_.first = best->priority;
  } else if (!tiers.empty()) {
    serving_.first = tiers.front().priority;
  }
  serving_.last = serving_.first;
  bring_in(service, tiers);
}

// Brings in priorities after the first until one has enough healthy backends. All backends, if they
// are in panic, when even the last priority is in, and no healthy backend is held back.
void Lineup::bring_in(const ServiceSpec& service, const Tiers& tiers) {
  std::uint64_t present = 0;
  std::uint64_t hoped_for = 0;
  bool enough = false;
  bool more = false;  // priorities that could still come in
  for (const Tier& each : tiers) {
    present += each.present;
    hoped_for += each.healthy + each.awaited;
    const bool is_in = each.priority >= serving_.first && !enough;
    more = more || (!is_in && (each.priority > serving_.first || each.healthy > 0));
    if (!is_in) continue;
    if (each.healthy > 0) serving_.last = each.priority;
    enough = each.has(service.min_healthy);
  }
  serving_.all = !more && hoped_for * kWholePercent < present * service.panic_percent;
}

std::uint16_t Lineup::published(std::uint16_t priority) const {
  const bool serves = priority >= serving_.first && priority <= serving_.last;
  if (!serving_.all && holds_back(priority)) return kWorst;
  if (!serving_.all && !serves) return priority;
  return keeps_ && serving_.first == kWorst ? kWorst - 1 : serving_.first;
}

}  // namespace hlb
