// What the operator asked for: services, their backends and how to check them. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "health/address.h"

namespace hlb {

// The most backends of one service: what one answer record holds (record::kMaxBackends).
inline constexpr std::size_t kMaxBackends = 4096;

enum class AnswerMode : std::uint8_t { spread, one, all };
enum class WhenAllDown : std::uint8_t { fail, all, next };

struct CheckSpec {
  enum class Type : std::uint8_t { tcp, http };

  Type type = Type::tcp;
  std::uint16_t port = 0;  // 0: every backend names its own
  std::string path = "/";  // http alone
  std::string host;        // http alone: the Host header; the service's name unless configured
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds timeout{1000};
  unsigned rise = 2;
  unsigned fall = 2;

  friend bool operator==(const CheckSpec&, const CheckSpec&) = default;
};

struct BackendSpec {
  Address address;
  std::uint32_t weight = 1;    // 0 … record::kMaxWeight; 0 gets nothing
  std::uint16_t priority = 0;  // lower is preferred
  std::uint16_t port = 0;      // where to check it; 0: the check's port

  friend bool operator==(const BackendSpec&, const BackendSpec&) = default;
};

struct ServiceSpec {
  std::string name;  // lower-case, no trailing dot
  std::vector<std::string> aliases;
  bool subdomains = false;
  AnswerMode answer = AnswerMode::spread;
  WhenAllDown when_all_down = WhenAllDown::fail;
  std::vector<BackendSpec> backends;  // never empty, no address twice
  CheckSpec check;

  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

// The port at which a backend is checked.
inline std::uint16_t check_port(const CheckSpec& check, const BackendSpec& backend) {
  return backend.port != 0 ? backend.port : check.port;
}

}  // namespace hlb
