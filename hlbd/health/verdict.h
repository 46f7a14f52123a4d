// Verdicts, which are published: what the operator asked for, joined with what the checks found.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "health/machine.h"
#include "health/service.h"
#include "health/standby.h"
#include "libnss_hlb/record.h"

namespace hlb {

struct BackendVerdict {
  Address address;
  std::uint32_t weight = 1;
  std::uint16_t priority = 0;  // at which it serves now, not always the configured one
  State state = State::unknown;
  bool withdrawn = false;  // gets no new clients, whatever its state
  // Up, but its last probe failed: left out of answers while at least as many others of its
  // priority and family are answered, though it goes on counting as up. The next outcome that says
  // anything clears it, or takes it down.
  bool suspect = false;
  bool panic = false;      // answered as if up, as too few backends are
  bool held_back = false;  // healthy, but a worse priority goes on serving

  // The state as programs see it in the table.
  record::BackendState published() const;
  // Whether it is there to be answered, were it up: it isn't withdrawn, and has a share.
  bool present() const { return !withdrawn && weight > 0; }
  // Whether it is up, no suspect, not withdrawn and has a share: it is answered unless a better
  // priority serves.
  bool healthy() const;
};

// up: every backend is up; degraded: some are; down: none that is up may be answered; unknown: no
// backend is up, but some await their first outcome. Backends under maintenance don't count, unless
// all are.
enum class ServiceState : std::uint8_t { unknown, up, degraded, down };

constexpr std::string_view name_of(ServiceState state) {
  switch (state) {
    case ServiceState::up:
      return "up";
    case ServiceState::degraded:
      return "degraded";
    case ServiceState::down:
      return "down";
    case ServiceState::unknown:
      break;
  }
  return "unknown";
}

// The status of a service, in the words of operators.
struct ServiceStatus {
  ServiceState state = ServiceState::unknown;
  std::chrono::steady_clock::time_point since;  // start of that state
  std::uint32_t backends = 0;                   // configured, or found by a name
  std::uint32_t up = 0;                         // of `backends`
  std::uint32_t healthy = 0;                    // also of those that retire
  std::uint32_t answered = 0;                   // also of those that retire
  std::uint32_t held_back = 0;                  // of `healthy`
  std::optional<Serving> serving;               // set where has_standby_rules()
};

struct ServiceVerdict {
  const ServiceSpec* spec = nullptr;  // outlives the verdict; its backends are not used
  bool undecided = false;             // no backend is known as up, but some have had no outcome yet
  std::vector<BackendVerdict> backends;
  record::Rank best_rank = record::kNever;  // the best rank of any backend
  ServiceStatus status;

  // The word of the record, as programs see it.
  record::Word published() const;
  // Whether lookups are answered with this backend of the service.
  bool serves(const BackendVerdict& backend) const;
};

}  // namespace hlb
