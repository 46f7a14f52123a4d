// Whether nscd, or its like, answers before hlb is asked.
#pragma once

#include "ctl/doctor/finding.h"
#include "ctl/doctor/machine.h"

namespace hlb::ctl::doctor {

Findings check_nscd(const Machine& machine);

}  // namespace hlb::ctl::doctor
