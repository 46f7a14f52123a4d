#include "engine/timed_overrides.h"

#include <utility>

namespace hlb {

TimedOverrides::TimedOverrides(Clock& clock, OnEnd on_end)
    : clock_(clock), on_end_(std::move(on_end)), next_end_(clock, [this] { end_due(); }) {}

std::optional<Override> TimedOverrides::set(const Overrides::Key& key, Override override) {
  if (override.until) next_end_.set(*override.until);
  return overrides_.set(key, std::move(override));
}

// The alarm may ring for one that was cleared: it then finds nothing to end.
std::optional<Override> TimedOverrides::clear(const Overrides::Key& key) {
  return overrides_.clear(key);
}

void TimedOverrides::end_due() {
  for (const auto& [key, override] : overrides_.end(clock_.now()))
    on_end_(key, override);
  if (const auto next = overrides_.next_end()) next_end_.set(*next);
}

}  // namespace hlb
