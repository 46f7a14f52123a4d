// Backends that DNS gave a while ago and doesn't give now, as where it answers a part of many each
// time: they are held for a while. Pure: the caller brings the time, and what checks find.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "discovery/expand.h"
#include "health/service.h"
#include "text/address.h"

namespace hlb::discovery {

// Unless configured: so many times to live, and so long at least.
inline constexpr int kHoldsTimesToLive = 3;
inline constexpr std::chrono::seconds kLeastHold{30};

// Those of one service.
class HeldBackends {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Whether the checks find the backend up. One that they don't isn't held.
  using IsUp = std::function<bool(const Address&)>;
  // When the name's answer before the last one came: until then DNS gave what it now gives no more,
  // and what stays the same nobody is told of.
  using CameBefore = std::function<TimePoint(const NameKey&)>;

  // Puts into `expansion`, of the service `configured`, those that are held at this time, each
  // among those of its name, in the order of the addresses: so that the same backends have the same
  // order, whoever of them is held. All that DNS gives comes before them, up to kMaxBackends.
  void put_in(Expansion& expansion, const ServiceSpec& configured, TimePoint now, const IsUp& is_up,
              const CameBefore& came_before);

  // When the first of them is held no longer; nullopt if none is held.
  std::optional<TimePoint> next_end() const { return next_end_; }

 private:
  using AllGiven = std::map<Address, Given>;

  AllGiven still_held(const Expansion& expansion, const ServiceSpec& configured, TimePoint now,
                      const IsUp& is_up, const CameBefore& came_before) const;

  AllGiven given_;  // by DNS, when it last gave them; and by now those alone that are used
  std::optional<TimePoint> next_end_;
};

}  // namespace hlb::discovery
