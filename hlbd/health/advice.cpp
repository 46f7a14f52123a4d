#include "health/advice.h"

#include <algorithm>
#include <variant>

namespace hlb {
namespace {

// A percentage of a percentage: 0 only if either is.
std::uint32_t product(std::uint32_t one, std::uint32_t other) {
  if (one == 0 || other == 0) return 0;
  return std::clamp<std::uint32_t>(one * other / kWholePercent, 1, kMaxWeightPercent);
}

}  // namespace

bool can_advise(const CheckSpec& check) {
  const auto* http = std::get_if<HttpCheck>(&check.method);
  if (http != nullptr) return !http->drain_status.empty();
  return std::holds_alternative<AgentCheck>(check.method) ||
         std::holds_alternative<FileCheck>(check.method);
}

Advice revised(Advice standing, const Advice& latest) {
  if (latest.weight_percent) standing.weight_percent = latest.weight_percent;
  if (latest.drained) standing.drained = latest.drained;
  return standing;
}

Advice notable(Advice advice) {
  if (advice.weight_percent == kWholePercent) advice.weight_percent.reset();
  if (advice.drained == false) advice.drained.reset();
  return advice;
}

Advice together(const Advice& one, const Advice& other) {
  Advice both = revised(one, other);
  if (one.weight_percent && other.weight_percent) {
    both.weight_percent =
        static_cast<std::uint16_t>(product(*one.weight_percent, *other.weight_percent));
  }
  if (one.drained && other.drained) both.drained = *one.drained || *other.drained;
  return both;
}

std::uint32_t percent_under(const Advice& advice, std::uint32_t percent) {
  return product(percent, advice.weight_percent.value_or(kWholePercent));
}

}  // namespace hlb
