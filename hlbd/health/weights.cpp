#include "health/weights.h"

#include <algorithm>

namespace hlb {
namespace {

std::uint64_t weight_of(const PartialWeight& share, std::uint64_t factor) {
  const std::uint64_t part = share.weight * factor * share.percent / kWholePercent;
  if (share.weight == 0 || share.percent == 0) return 0;
  return std::clamp<std::uint64_t>(part, 1, kMaxWeight);
}

// The factor of all weights: small enough that no weight becomes too large at its highest
// percentage.
std::uint64_t factor_of(std::span<const PartialWeight> shares) {
  std::uint64_t most = 1;
  for (const PartialWeight& share : shares)
    most = std::max(most, std::uint64_t{share.weight});
  return std::clamp<std::uint64_t>(
      std::uint64_t{kMaxWeight} * kWholePercent / (most * kMaxWeightPercent), 1, kWholePercent);
}

}  // namespace

std::vector<std::uint32_t> weights_of(std::span<const PartialWeight> shares) {
  const std::uint64_t factor = factor_of(shares);
  std::vector<std::uint32_t> weights;
  weights.reserve(shares.size());
  for (const PartialWeight& share : shares)
    weights.push_back(static_cast<std::uint32_t>(weight_of(share, factor)));
  return weights;
}

std::uint32_t slow_start_percent(std::chrono::milliseconds since_back,
                                 std::chrono::milliseconds slow_start) {
  constexpr std::int64_t kFirst = 10;
  if (since_back >= slow_start) return kWholePercent;
  const std::int64_t passed = std::max<std::int64_t>(since_back.count(), 0);
  return static_cast<std::uint32_t>(kFirst +
                                    (kWholePercent - kFirst) * passed / slow_start.count());
}

}  // namespace hlb
