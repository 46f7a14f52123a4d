// The overrides in force, each ended when its time is over.
#pragma once

#include <functional>
#include <optional>

#include "engine/clock.h"
#include "engine/first_alarm.h"
#include "health/overrides.h"

namespace hlb {

// Used by hlbd's loop alone.
class TimedOverrides {
 public:
  // Told of each that has ended by itself, from the loop; it is out of force by then.
  using OnEnd = std::function<void(const Overrides::Key&, const Override&)>;

  // The clock must outlive it.
  TimedOverrides(Clock& clock, OnEnd on_end);

  // As those of Overrides.
  std::optional<Override> set(const Overrides::Key& key, Override override);
  std::optional<Override> clear(const Overrides::Key& key);
  const Overrides& in_force() const { return overrides_; }

 private:
  void end_due();

  Clock& clock_;
  OnEnd on_end_;
  Overrides overrides_;
  FirstAlarm next_end_;
};

}  // namespace hlb
