// Decides whether a better priority that is healthy again serves, or is held back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "health/service.h"
#include "health/standby.h"

namespace hlb {

// Knows of a service that holds_back() which priority serves, and since when better priorities
// could. It is kept from change to change, and from hlbd to hlbd.
//
// The priority that serves goes on as long as it has min_healthy healthy backends. With fewer the
// best priority with any serves, even if it was held back.
class Failback {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class Cause : std::uint8_t {
    need,   // the priority before has too few healthy backends
    time,   // the better priority was healthy for long enough
    asked,  // an operator wants it
  };

  Failback() = default;
  // Goes on with the priority that served before hlbd started.
  explicit Failback(std::uint16_t serving) : serving_(serving) {}

  // Decides anew; to be called whenever something may have changed. While first outcomes are
  // awaited (`may_wait`), a backend that may turn out to be healthy doesn't count as failed.
  void decide(const ServiceSpec& service, const Tiers& tiers, bool may_wait, TimePoint now);

  // Has the best priority serve from the next decide() on, as this user wants it.
  void end(std::uint32_t user) { ended_by_ = user; }

  // The priority that serves; nullopt until it is known.
  std::optional<std::uint16_t> serving() const { return serving_; }
  // Whether the first outcomes of that priority are awaited, so that no backend is answered yet.
  bool awaits() const { return awaits_; }
  // Why it serves, if that has changed, and the user who asked for it.
  std::optional<Cause> cause() const { return cause_; }
  std::uint32_t asked_by() const { return asked_by_; }

  // The time to call decide() again, as a better priority will have been healthy for as long as the
  // service wants it to; nullopt if there is none.
  std::optional<TimePoint> due(const ServiceSpec& service) const;

 private:
  void serve(std::uint16_t priority, Cause cause);
  void note_healthy(const ServiceSpec& service, const Tiers& tiers, TimePoint now);
  void go_on_or_fall(const ServiceSpec& service, const Tiers& tiers, bool may_wait);
  void serve_when_due(const ServiceSpec& service, TimePoint now);

  std::optional<std::uint16_t> serving_;
  std::map<std::uint16_t, TimePoint> healthy_since_;  // by better priority
  std::optional<std::uint32_t> ended_by_;             // a user whom decide() hasn't heeded yet
  std::optional<Cause> cause_;
  std::uint32_t asked_by_ = 0;
  bool awaits_ = false;
};

}  // namespace hlb
