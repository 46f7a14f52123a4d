// Whether nscd, or its like, answers before hlb is asked.
#pragma once

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

Findings check_nscd(const Host& machine);

}  // namespace hlb::ctl::doctor
