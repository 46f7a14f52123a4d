// Services, their backends and their checks as the operator configured them. Plain data.
#pragma once

#include <algorithm>
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

// The most backends of a service: as many as an answer record holds.
inline constexpr std::size_t kMaxBackends = record::kMaxBackends;

// The highest weight of a backend: the sum over a service fits 32 bits.
inline constexpr std::uint32_t kMaxWeight = record::kMaxWeight;

using record::AnswerMode;
using record::WhenAllDown;

// The healthy backends that a priority needs: a number, or a share of its backends; at least 1.
struct MinHealthy {
  std::uint16_t number = 1;  // 1 … kMaxBackends
  std::uint8_t percent = 0;  // 1 … 100; 0: the number counts

  friend bool operator==(const MinHealthy&, const MinHealthy&) = default;
};

struct BackendSpec {
  Address address;
  std::uint32_t weight = 1;    // 0 … kMaxWeight; 0 gets nothing
  std::uint16_t priority = 0;  // lower is preferred
  std::uint16_t port = 0;      // port of its checks; 0: the check's port

  friend bool operator==(const BackendSpec&, const BackendSpec&) = default;
};

// Backends by name, whose addresses DNS knows.
struct NamedBackends {
  std::string name;            // lower-case, absolute, no trailing dot
  bool srv = false;            // SRV records give weight, priority and port; else these
  std::uint32_t weight = 1;    // 0 … kMaxWeight; unused with `srv`
  std::uint16_t priority = 0;  // unused with `srv`
  std::uint16_t port = 0;      // as in BackendSpec; 0 with `srv`: the record's port
  // The time that an address is held after DNS last gave it, while it is up; unset: by its time to
  // live.
  std::optional<std::chrono::milliseconds> hold{};

  friend bool operator==(const NamedBackends&, const NamedBackends&) = default;
};

// Which of this host's connections to a backend are ended when that goes down.
enum class CloseConnections : std::uint8_t {
  never,
  stale,  // those that nothing has come over since the first failed probe
  all,
};

struct ServiceSpec {
  std::string name;  // lower-case, no trailing dot
  std::vector<std::string> aliases;
  bool subdomains = false;
  std::vector<std::string> except;  // names below it that aren't the service's, nor what is below
  AnswerMode answer = AnswerMode::spread;
  // The most addresses of an answer, for each family, at `spread`; 1 … kMaxBackends.
  std::uint16_t max_addresses = 8;
  WhenAllDown when_all_down = WhenAllDown::fail;
  MinHealthy min_healthy;  // with fewer in a priority the next serves as well
  // Percentage of all backends, 1 … 100: with fewer healthy all of them are answered; 0: never.
  std::uint8_t panic_percent = 0;
  // The time that a better priority has to be healthy before it serves again; 0: at once. Unset: it
  // waits until an operator has it serve.
  std::optional<std::chrono::milliseconds> failback = std::chrono::milliseconds{0};
  std::vector<BackendSpec> backends;  // no address twice; empty only if there are names,
  // or the fleet has them
  // Names of backends: all in a configuration; in a checked service the names that await their
  // first answer.
  std::vector<NamedBackends> named;
  std::vector<std::string> fleet;  // services of the fleet whose backends it has as well
  // Checks, never empty; a backend is up when all of them pass, or checks_needed. An agent is the
  // last, and counts only when it has said up or down.
  std::vector<CheckSpec> checks;
  std::uint16_t checks_needed = 0;          // beside the agent, whose "down" always counts; 0: all
  std::chrono::milliseconds slow_start{0};  // from coming back to full weight; 0: at once
  CloseConnections close_connections = CloseConnections::never;
  std::vector<std::uint16_t> close_ports;  // sorted, each once; empty: the ports of its checks
  // A program and its arguments, run when a backend goes down or comes back; empty: no program.
  // Unset: as for all services.
  std::optional<std::vector<std::string>> on_change;

  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

// Whether a better priority that is healthy again may have to wait before it serves.
inline bool holds_back(const ServiceSpec& service) {
  return service.failback != std::chrono::milliseconds{0};
}

// Whether the service has rules on who serves, beside that the best priority with a healthy backend
// does.
inline bool has_standby_rules(const ServiceSpec& service) {
  return service.min_healthy != MinHealthy() || service.panic_percent != 0 || holds_back(service);
}

// The port at which a backend is checked, or that its check is told: the backend's own, else the
// check's. An agent is another program than the backend's, so only the check's port counts. 0 if
// there is no port.
inline std::uint16_t check_port(const CheckSpec& check, const BackendSpec& backend) {
  if (std::holds_alternative<NoneCheck>(check.method)) return 0;
  if (std::holds_alternative<IcmpCheck>(check.method)) return 0;
  const bool of_agent = std::holds_alternative<AgentCheck>(check.method);
  return backend.port != 0 && !of_agent ? backend.port : check.port;
}

// Whether all checks of the service have a port to ask the backend at, or need no port.
inline bool has_port_to_check(const ServiceSpec& service, const BackendSpec& backend) {
  return std::ranges::all_of(service.checks, [&](const CheckSpec& check) {
    return !needs_port(check.method) || check_port(check, backend) != 0;
  });
}

// The port of check_port(), if it is the backend's own program that is asked there; else 0.
inline std::uint16_t port_of_program(const CheckSpec& check, const BackendSpec& backend) {
  return std::holds_alternative<AgentCheck>(check.method) ? 0 : check_port(check, backend);
}

// The ports of a backend at which programs are taken to use the service, sorted, each once; empty
// if nothing says.
inline std::vector<std::uint16_t> ports_used(const ServiceSpec& service,
                                             const BackendSpec& backend) {
  if (!service.close_ports.empty()) return service.close_ports;
  std::vector<std::uint16_t> ports;
  for (const CheckSpec& check : service.checks) {
    if (const std::uint16_t port = port_of_program(check, backend); port != 0)
      ports.push_back(port);
  }
  std::ranges::sort(ports);
  const auto again = std::ranges::unique(ports);
  ports.erase(again.begin(), again.end());
  return ports;
}

}  // namespace hlb
