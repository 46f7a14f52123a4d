// Which priorities of a service serve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "health/service.h"

namespace hlb {

// The backends of one priority that have a share, as far as they matter here.
struct Tier {
  std::uint16_t priority = 0;
  std::uint32_t backends = 0;
  std::uint32_t present = 0;  // not withdrawn
  std::uint32_t healthy = 0;
  std::uint32_t awaited = 0;  // that may still have their first outcome in time

  // Whether some are healthy, and as many as that, or may turn out to be.
  bool has(const MinHealthy& least) const;
};

using Tiers = std::vector<Tier>;  // the best first, none twice

// The best one with a healthy backend; nullptr if there is none.
const Tier* best_of(const Tiers& tiers);

// What lookups are given.
struct Serving {
  std::uint16_t first = 0;  // the priorities from this one
  std::uint16_t last = 0;   // to this one
  bool all = false;         // in panic: every backend that isn't withdrawn

  friend bool operator==(const Serving&, const Serving&) = default;
};

std::string to_string(const Serving& serving);  // "priority 0", "priorities 0 to 2", "all backends"

// A service's priorities in the order in which they serve.
class Lineup {
 public:
  // `first`: the priority that serves, where failback decides on that; else it is the best one that
  // has a healthy backend.
  Lineup(const ServiceSpec& service, const Tiers& tiers, std::optional<std::uint16_t> first);

  const Serving& serving() const { return serving_; }

  // Whether a better priority serves as soon as it is allowed to.
  bool holds_back(std::uint16_t priority) const { return keeps_ && priority < serving_.first; }

  // The priority to be published of a backend with this one: the same for all that serve, and the
  // worst of all for those held back.
  std::uint16_t published(std::uint16_t priority) const;

 private:
  void bring_in(const ServiceSpec& service, const Tiers& tiers);

  bool keeps_;
  Serving serving_;
};

}  // namespace hlb
