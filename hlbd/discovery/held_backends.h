// Holds backends for a while that DNS gave before and doesn't give now, as where it answers with a
// part of many each time. Pure: the caller brings the time, and the state that checks find.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "discovery/expand.h"
#include "health/service.h"
#include "text/address.h"

namespace hlb::discovery {

// How long a backend is held unless `hold` is configured: so many times to live, no less than
// kLeastHold.
inline constexpr int kHoldsTimesToLive = 3;
inline constexpr std::chrono::seconds kLeastHold{30};

// The held backends of a service.
class HeldBackends {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Whether the checks find the backend up: only then it is held.
  using IsUp = std::function<bool(const Address&)>;
  // When the answer before the latest came. A backend that the latest lacks was given until then:
  // answers that stay the same aren't told.
  using CameBefore = std::function<TimePoint(const NameKey&)>;

  // Puts the backends that are held at this time into `expansion`, of the service `configured`:
  // each among the backends of its name, sorted by address, so that the same backends have the same
  // order, held or not. Up to kMaxBackends, backends that DNS gives now go first.
  void put_in(Expansion& expansion, const ServiceSpec& configured, TimePoint now, const IsUp& is_up,
              const CameBefore& came_before);

  // The time when the first hold ends; nullopt if no backend is held.
  std::optional<TimePoint> next_end() const { return next_end_; }

 private:
  using AllGiven = std::map<Address, Given>;

  AllGiven still_held(const Expansion& expansion, const ServiceSpec& configured, TimePoint now,
                      const IsUp& is_up, const CameBefore& came_before) const;

  AllGiven given_;  // the used backends, as DNS last gave them
  std::optional<TimePoint> next_end_;
};

}  // namespace hlb::discovery
