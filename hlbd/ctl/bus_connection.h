// Connects to a message bus, and says why it can't.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <memory>
#include <string>

#include "ctl/bus_failure.h"
#include "ctl/command.h"

namespace hlb::ctl {

// Connects within kAnswerLimit, after which no answer is waited for either. Throws a Failure.
std::unique_ptr<sdbus::IConnection> connect(Settings::Bus bus, const std::string& name);

BusError describe(const sdbus::Error& error, const std::string& bus);
// Whether hlbd is too old to know the method.
bool is_unknown(const sdbus::Error& error);

}  // namespace hlb::ctl
