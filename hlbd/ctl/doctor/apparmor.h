// Whether AppArmor keeps confined programs from hlb's files.
#pragma once

#include "ctl/doctor/finding.h"
#include "ctl/doctor/machine.h"

namespace hlb::ctl::doctor {

Findings check_apparmor(const Machine& machine);

}  // namespace hlb::ctl::doctor
