#include "health/overrides.h"

#include <algorithm>

namespace hlb {

const Override* Overrides::find(std::string_view service, const Address& backend) const {
  if (overrides_.empty()) return nullptr;
  const auto found = overrides_.find(std::pair<std::string_view, const Address&>(service, backend));
  return found == overrides_.end() ? nullptr : &found->second;
}

std::optional<OverrideKind> Overrides::kind_of(std::string_view service,
                                               const Address& backend) const {
  const Override* found = find(service, backend);
  return found == nullptr ? std::nullopt : std::optional(found->kind);
}

std::optional<Override> Overrides::set(const Key& key, Override override) {
  const auto [place, is_new] = overrides_.try_emplace(key);
  Override before = std::exchange(place->second, std::move(override));
  return is_new ? std::nullopt : std::optional(std::move(before));
}

std::optional<Override> Overrides::clear(const Key& key) {
  auto taken = overrides_.extract(key);
  return taken ? std::optional(std::move(taken.mapped())) : std::nullopt;
}

std::vector<Overrides::Key> Overrides::due(TimePoint now) const {
  std::vector<Key> keys;
  for (const auto& [key, override] : overrides_) {
    if (override.until && *override.until <= now) keys.push_back(key);
  }
  return keys;
}

std::optional<Overrides::TimePoint> Overrides::next_end() const {
  std::optional<TimePoint> next;
  for (const auto& [key, override] : overrides_) {
    if (override.until) next = std::min(next.value_or(*override.until), *override.until);
  }
  return next;
}

}  // namespace hlb
