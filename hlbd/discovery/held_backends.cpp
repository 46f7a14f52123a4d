#include "discovery/held_backends.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace hlb::discovery {
namespace {

using TimePoint = HeldBackends::TimePoint;

// The name in the configuration; nullptr if it isn't there any more.
const NamedBackends* find(const ServiceSpec& service, const NameKey& key) {
  const auto found = std::ranges::find_if(service.named, [&](const NamedBackends& named) {
    return named.name == key.name && named.srv == key.srv;
  });
  return found == service.named.end() ? nullptr : &*found;
}

TimePoint end_of(const Given& given, const NamedBackends& named) {
  const std::chrono::milliseconds unless_configured =
      std::max(kHoldsTimesToLive * given.ttl, kLeastHold);
  return given.last + named.hold.value_or(unless_configured);
}

// The backend as the configuration has it now.
BackendSpec revised(BackendSpec backend, const NamedBackends& named) {
  if (!named.srv) return {backend.address, named.weight, named.priority, named.port};
  if (named.port != 0) backend.port = named.port;
  return backend;
}

// Keeps the backends that were given last.
void keep_at_most(std::size_t most, std::map<Address, Given>& held) {
  if (held.size() <= most) return;
  std::vector<std::pair<TimePoint, Address>> oldest_first;
  oldest_first.reserve(held.size());
  for (const auto& [address, given] : held)
    oldest_first.emplace_back(given.last, address);
  std::ranges::sort(oldest_first);
  oldest_first.resize(held.size() - most);
  for (const auto& [last, address] : oldest_first)
    held.erase(address);
}

}  // namespace

HeldBackends::AllGiven HeldBackends::still_held(const Expansion& expansion,
                                                const ServiceSpec& configured, TimePoint now,
                                                const IsUp& is_up,
                                                const CameBefore& came_before) const {
  std::set<Address> used;
  for (const BackendSpec& backend : expansion.service.backends)
    used.insert(backend.address);
  AllGiven held;
  for (const auto& [address, given] : given_) {
    if (used.contains(address)) continue;
    const NamedBackends* named = find(configured, given.by);
    if (named == nullptr) continue;
    Given now_held = given;
    if (!given.held) now_held.last = std::max(given.last, came_before(given.by));
    now_held.held = true;
    if (now >= end_of(now_held, *named) || !is_up(address)) continue;
    now_held.backend = revised(given.backend, *named);
    if (has_port_to_check(configured, now_held.backend)) held.emplace(address, now_held);
  }
  keep_at_most(kMaxBackends - expansion.service.backends.size(), held);
  return held;
}

void HeldBackends::put_in(Expansion& expansion, const ServiceSpec& configured, TimePoint now,
                          const IsUp& is_up, const CameBefore& came_before) {
  AllGiven all = still_held(expansion, configured, now, is_up, came_before);
  next_end_.reset();
  for (const auto& [address, given] : all) {
    const TimePoint end = end_of(given, *find(configured, given.by));
    next_end_ = std::min(next_end_.value_or(end), end);
  }
  for (const Given& given : expansion.given)
    all.insert_or_assign(given.backend.address, given);
  given_ = std::move(all);
  std::vector<BackendSpec>& backends = expansion.service.backends;
  backends = configured.backends;
  for (const NamedBackends& named : configured.named) {
    const NameKey key{named.name, named.srv};
    for (const auto& [address, given] : given_) {
      if (given.by == key) backends.push_back(given.backend);
    }
  }
}

}  // namespace hlb::discovery
