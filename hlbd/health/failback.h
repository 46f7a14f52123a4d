// Whether a better priority that is healthy again serves, or is held back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "health/service.h"
#include "health/standby.h"

namespace hlb {

// Of one service that holds_back(): which priority serves, and since when better ones could. It is
// kept from change to change, and for "manual" from hlbd to hlbd.
//
// The priority that serves goes on doing so as long as it has min_healthy healthy backends. With
// fewer the best one serves that has any, whatever it was held back for.
class Failback {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class Cause : std::uint8_t {
    need,   // the one before has too few healthy backends
    time,   // the better one was healthy for long enough
    asked,  // by an operator
  };

  Failback() = default;
  // Goes on with what served before hlbd started.
  explicit Failback(std::uint16_t serving) : serving_(serving) {}

  // To be called whenever something may have changed. While first outcomes are awaited
  // (`may_wait`), nothing counts as having failed that may turn out to be healthy.
  void decide(const ServiceSpec& service, const Tiers& tiers, bool may_wait, TimePoint now);

  // Has the best priority serve from the next decide() on, as this user wants it.
  void end(std::uint32_t user) { ended_by_ = user; }

  // Which priority serves; nullopt until that is known.
  std::optional<std::uint16_t> serving() const { return serving_; }
  // Whether that one's first outcomes are awaited, without which nobody is to be answered.
  bool awaits() const { return awaits_; }
  // Why it serves, if it has changed; and who asked.
  std::optional<Cause> cause() const { return cause_; }
  std::uint32_t asked_by() const { return asked_by_; }

  // When decide() is to be called again, as a better priority will have been healthy for as long as
  // the service wants it to.
  std::optional<TimePoint> due(const ServiceSpec& service) const;

 private:
  void serve(std::uint16_t priority, Cause cause);
  void note_healthy(const ServiceSpec& service, const Tiers& tiers, TimePoint now);
  void go_on_or_fall(const ServiceSpec& service, const Tiers& tiers, bool may_wait);
  void serve_when_due(const ServiceSpec& service, TimePoint now);

  std::optional<std::uint16_t> serving_;
  std::map<std::uint16_t, TimePoint> healthy_since_;  // of better priorities
  std::optional<std::uint32_t> ended_by_;             // what decide() hasn't heeded yet
  std::optional<Cause> cause_;
  std::uint32_t asked_by_ = 0;
  bool awaits_ = false;
};

}  // namespace hlb
