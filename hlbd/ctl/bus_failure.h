// Errors of the message bus, said to an operator.
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

// No bus was reached.
Failure no_bus(const BusError& error);
// Something was asked of hlbd, to read or to `change` something, and this is what came of it.
Failure not_answered(const BusError& error, bool change);
// There was nobody at all within the limit.
Failure silent_bus(std::string_view bus);

}  // namespace hlb::ctl
