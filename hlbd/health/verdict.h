// What is published of a service: what the operator asked for, joined with what the checks found.
#pragma once

#include <cstdint>
#include <vector>

#include "health/machine.h"
#include "health/service.h"

namespace hlb {

struct BackendVerdict {
  Address address;
  std::uint32_t weight = 1;
  std::uint16_t priority = 0;
  State state = State::unknown;
  std::uint32_t sort_score = 0;  // where glibc's sort puts it: higher sorts first
  bool withdrawn = false;        // gets no new clients, whatever its state
};

struct ServiceVerdict {
  const ServiceSpec* spec = nullptr;  // outlives the verdict; its backends are not used
  bool undecided = false;  // some backend has had no outcome yet, and none is known as up
  std::vector<BackendVerdict> backends;
};

}  // namespace hlb
