// The table [fleet]: how this host takes part in a fleet.
#pragma once

#include <string_view>

#include "config/config.h"
#include "config/document.h"
#include "config/reader.h"

namespace hlb::config {

// Notes what is wrong in `faults`. The result is of use only when no fault was noted.
FleetConfig read_fleet(const Value& table, Faults& faults);

// Whether the fleet may define the name, or give the address.
bool may_define(const FleetConfig& fleet, std::string_view name);
bool may_give(const FleetConfig& fleet, const Address& address);

}  // namespace hlb::config
