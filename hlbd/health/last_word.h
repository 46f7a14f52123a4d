// What a check said last that stands until it says something else: kept over reloads and restarts.
#pragma once

#include <cstdint>
#include <string>

#include "health/machine.h"
#include "health/outcome.h"

namespace hlb {

// Checks are told apart by type and port: a reload may have changed all else of them.
struct LastWord {
  std::string check;  // its type, as in check_name.h
  std::uint16_t port = 0;
  Advice advice;
  State state = State::unknown;  // of an agent or a file, whose word it is; other checks ask anew

  bool empty() const { return advice == Advice{} && state == State::unknown; }

  friend bool operator==(const LastWord&, const LastWord&) = default;
};

}  // namespace hlb
