// Decides which priorities of a service serve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "health/service.h"

namespace hlb {

// Counts of the backends of a priority that have a share.
struct Tier {
  std::uint16_t priority = 0;
  std::uint32_t backends = 0;
  std::uint32_t present = 0;  // not withdrawn
  std::uint32_t healthy = 0;
  std::uint32_t awaited = 0;  // unknown, and may still have their first outcome in time

  // Whether any is healthy, and `least` are, or may turn out to be.
  bool has(const MinHealthy& least) const;
};

using Tiers = std::vector<Tier>;  // sorted, best first; no priority twice

// The best tier with a healthy backend; nullptr if there is none.
const Tier* best_of(const Tiers& tiers);

// The priorities that lookups are answered with.
struct Serving {
  std::uint16_t first = 0;  // best of the priorities
  std::uint16_t last = 0;   // worst of them
  bool all = false;         // in panic: every backend that isn't withdrawn

  friend bool operator==(const Serving&, const Serving&) = default;
};

std::string to_string(const Serving& serving);  // "priority 0", "priorities 0 to 2", "all backends"

// A service's priorities in the order in which they serve.
class Lineup {
 public:
  // `first` is the priority that serves, where failback decides on that; unset: the best priority
  // with a healthy backend.
  Lineup(const ServiceSpec& service, const Tiers& tiers, std::optional<std::uint16_t> first);

  const Serving& serving() const { return serving_; }

  // Whether the priority is held back: better than those that serve, and to serve once it may.
  bool holds_back(std::uint16_t priority) const { return keeps_ && priority < serving_.first; }

  // The priority to publish for backends of this priority: the same for all that serve, and the
  // worst of all for priorities held back.
  std::uint16_t published(std::uint16_t priority) const;

 private:
  void bring_in(const ServiceSpec& service, const Tiers& tiers);

  bool keeps_;
  Serving serving_;
};

}  // namespace hlb
