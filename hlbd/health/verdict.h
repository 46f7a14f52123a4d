// What is published of a service: what the operator asked for, joined with what the checks found.
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
  std::uint16_t priority = 0;  // that it serves at now, which may be another than configured
  State state = State::unknown;
  bool withdrawn = false;  // gets no new clients, whatever its state
  // Up, but its last probe failed: left out of answers, though it goes on counting as up, while at
  // least as many others of its priority and family are answered. The next outcome that says
  // anything clears it, or takes it down.
  bool suspect = false;
  bool panic = false;      // answered like one that is up, as too few are
  bool held_back = false;  // healthy, but a worse priority goes on serving

  // As programs see it.
  record::BackendState published() const;
  // Up, no suspect, not withdrawn and with a share: it would be answered, were no other of a better
  // priority.
  bool healthy() const;
};

// up: every backend is; degraded: some are; down: none is; unknown: none is, but some are still
// being checked for the first time. Backends under maintenance don't count, unless all are.
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

// A service in the words of operators.
struct ServiceStatus {
  ServiceState state = ServiceState::unknown;
  std::chrono::steady_clock::time_point since;  // when it came to that state
  std::uint32_t backends = 0;                   // that are configured, or found by a name
  std::uint32_t up = 0;                         // of those
  std::uint32_t healthy = 0;                    // of all that are published
  std::uint32_t answered = 0;                   // of all that are published
  std::uint32_t held_back = 0;                  // of those that are healthy
  std::optional<Serving> serving;               // where has_standby_rules()
};

struct ServiceVerdict {
  const ServiceSpec* spec = nullptr;  // outlives the verdict; its backends are not used
  bool undecided = false;  // some backend has had no outcome yet, and none is known as up
  std::vector<BackendVerdict> backends;
  record::Rank best_rank = record::kNever;  // of the backends
  ServiceStatus status;

  // As programs see it.
  record::Word published() const;
  // Whether lookups are answered with this backend of it.
  bool serves(const BackendVerdict& backend) const;
};

}  // namespace hlb
