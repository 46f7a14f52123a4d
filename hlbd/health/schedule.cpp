#include "health/schedule.h"

#include <algorithm>

#include "text/hash.h"

namespace hlb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{1};

// `wait` ± 10 %: `chance` picks one of the 2¹⁶ points from 0.9 to 1.1.
milliseconds jittered(milliseconds wait, std::uint64_t chance) {
  constexpr std::int64_t kPoints = 1 << 16;
  const auto point = static_cast<std::int64_t>(chance >> 48U);
  const milliseconds::rep tenth = wait.count() / 10;
  return wait + milliseconds(tenth * (2 * point - kPoints) / kPoints);
}

bool is_first_failure(const Outcome& last, unsigned against) {
  return against == 1 && last.result == Outcome::Result::failed;
}

milliseconds fast_interval(const Intervals& intervals) {
  if (intervals.fast != milliseconds{0}) return intervals.fast;
  return std::min(intervals.regular / 4, kLongestFast);
}

// The finaliser of SplitMix64: neighbouring numbers come out far apart.
std::uint64_t scattered(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

milliseconds next_wait(const Intervals& intervals, const Outcome& last, State state,
                       unsigned against, std::uint64_t chance) {
  const bool rarer = state == State::down && intervals.down != milliseconds{0};
  const milliseconds interval = rarer ? intervals.down : intervals.regular;
  const milliseconds whole = std::max(jittered(interval, chance), kShortest);
  if (is_first_failure(last, against)) {
    return std::min(whole, last.evidence == Outcome::Evidence::hard ? kConfirmHard : kConfirmSoft);
  }
  const bool learnt = last.result != Outcome::Result::unknown || last.abstained;
  if (against == 0 && learnt) return whole;
  return std::clamp(jittered(fast_interval(intervals), chance), kShortest, whole);
}

milliseconds phase(milliseconds interval, std::uint64_t identity) {
  const auto length = static_cast<std::uint64_t>(std::max(interval, kShortest).count());
  return milliseconds(scattered(identity) % length);
}

std::uint64_t check_identity(std::uint64_t host, std::string_view check) {
  return text::fnv1a(check, text::kFnvStart ^ host);
}

}  // namespace hlb
