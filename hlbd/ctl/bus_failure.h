// Turns errors of the message bus into what an operator is told, and hlbctl's exit code.
#pragma once

#include <string>
#include <string_view>

#include "ctl/command.h"

namespace hlb::ctl {

// A D-Bus error by its name and message. `bus` is "system" or "session".
struct BusError {
  std::string name;
  std::string message;
  std::string bus;
};

// hlbctl can't connect to the bus.
Failure no_bus(const BusError& error);
// hlbd was asked to tell something, or to `change` something, and this error came of it.
Failure not_answered(const BusError& error, bool change);
// The bus takes connections, but doesn't answer within the limit.
Failure silent_bus(std::string_view bus);

}  // namespace hlb::ctl
