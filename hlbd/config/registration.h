// The tables [[register]]: backends of this host that the fleet is told of; and what else in a
// configuration needs a fleet.
#pragma once

#include <chrono>
#include <vector>

#include "config/config.h"
#include "config/document.h"
#include "config/hostname.h"
#include "config/reader.h"

namespace hlb::config {

// How long a registered backend may be down before others may take it out.
inline constexpr DurationRange kForgetAfter = {std::chrono::minutes(1), std::chrono::days(365)};

struct PlacedRegistration {
  Registration registration;
  ConfigError at;  // still without a message
};

// Notes what is wrong in `faults`. The result is of use only when no fault was noted.
std::vector<PlacedRegistration> read_registrations(const Value& tables, Faults& faults);

// The faults of what needs a fleet: services whose backends it has, and registrations. `fleet` is
// nullptr if there is none. To be called when all files are read.
ConfigErrors faults_beside(const FleetConfig* fleet, const std::vector<FromFleet>& services,
                           const std::vector<PlacedRegistration>& registrations);

}  // namespace hlb::config
