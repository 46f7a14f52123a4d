// What the operator asked for: services, their backends and how to check them. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "health/check_spec.h"
#include "libnss_hlb/record.h"
#include "text/address.h"

namespace hlb {

// The most backends of one service: what one answer record holds (record::kMaxBackends).
inline constexpr std::size_t kMaxBackends = 4096;

// The most weight of a backend, as record::kMaxWeight: a sum of them fits 32 bits.
inline constexpr std::uint32_t kMaxWeight = 65535;

using record::AnswerMode;
using record::WhenAllDown;

// How many healthy backends a priority needs: a number, or a share of its backends. Never none.
struct MinHealthy {
  std::uint16_t number = 1;  // 1 … kMaxBackends
  std::uint8_t percent = 0;  // 1 … 100; 0: the number counts

  friend bool operator==(const MinHealthy&, const MinHealthy&) = default;
};

struct BackendSpec {
  Address address;
  std::uint32_t weight = 1;    // 0 … kMaxWeight; 0 gets nothing
  std::uint16_t priority = 0;  // lower is preferred
  std::uint16_t port = 0;      // where to check it; 0: the check's port

  friend bool operator==(const BackendSpec&, const BackendSpec&) = default;
};

// Backends whose addresses DNS knows.
struct NamedBackends {
  std::string name;            // lower-case, absolute, no trailing dot
  bool srv = false;            // SRV records say port, priority and weight; else of each address:
  std::uint32_t weight = 1;    // 0 … kMaxWeight; unused with `srv`
  std::uint16_t priority = 0;  // unused with `srv`
  std::uint16_t port = 0;      // as in BackendSpec; 0 with `srv`: that of the record
  // How long after DNS last gave an address it stays while it is up; unset: by its time to live.
  std::optional<std::chrono::milliseconds> hold{};

  friend bool operator==(const NamedBackends&, const NamedBackends&) = default;
};

struct ServiceSpec {
  std::string name;  // lower-case, no trailing dot
  std::vector<std::string> aliases;
  bool subdomains = false;
  AnswerMode answer = AnswerMode::spread;
  // Of a lookup's answer, for each family, at `spread`; 1 … kMaxBackends.
  std::uint16_t max_addresses = 8;
  WhenAllDown when_all_down = WhenAllDown::fail;
  MinHealthy min_healthy;  // with fewer in a priority the next one serves as well
  // Of all backends, 1 … 100: with fewer healthy all of them are answered; 0: never.
  std::uint8_t panic_percent = 0;
  // For how long a better priority has to be healthy before it serves again; 0: at once. Unset:
  // until an operator has it serve.
  std::optional<std::chrono::milliseconds> failback = std::chrono::milliseconds{0};
  std::vector<BackendSpec> backends;  // no address twice; empty only if there are names
  // As configured: all of them. As checked: those whose first answer is still awaited.
  std::vector<NamedBackends> named;
  // Never empty; a backend is up when all of them pass, or checks_needed. An agent is the last, and
  // counts only when it has said up or down.
  std::vector<CheckSpec> checks;
  std::uint16_t checks_needed = 0;  // of those but the agent, whose "down" always counts; 0: all
  std::chrono::milliseconds slow_start{0};  // from coming back to full weight; 0: at once
  // A program and its arguments, run when a backend goes down or comes back; empty: none. Unset: as
  // for all services.
  std::optional<std::vector<std::string>> on_change;

  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

// Whether a priority that is back waits.
inline bool holds_back(const ServiceSpec& service) {
  return service.failback != std::chrono::milliseconds{0};
}

// Whether more decides on who serves than which priority is the best one with a healthy backend.
inline bool has_standby_rules(const ServiceSpec& service) {
  return service.min_healthy != MinHealthy() || service.panic_percent != 0 || holds_back(service);
}

// The port at which a backend is checked, or that its check is told: the backend's own before the
// check's, but for an agent, which is another program than the one behind the backend's port. 0
// when there is none.
inline std::uint16_t check_port(const CheckSpec& check, const BackendSpec& backend) {
  if (std::holds_alternative<NoneCheck>(check.method)) return 0;
  if (std::holds_alternative<IcmpCheck>(check.method)) return 0;
  const bool of_agent = std::holds_alternative<AgentCheck>(check.method);
  return backend.port != 0 && !of_agent ? backend.port : check.port;
}

}  // namespace hlb
