// The [service.check] table of a service.
#pragma once

#include "config/document.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

struct PlacedCheck {
  CheckSpec spec;
  bool names_port = false;  // even if with a fault
};

// Notes faults. `host` is left empty unless configured.
PlacedCheck read_check(const Value& check, Faults& faults);

}  // namespace hlb::config
