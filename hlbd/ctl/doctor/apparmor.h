// Whether AppArmor keeps confined programs from hlb's files.
#pragma once

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

Findings check_apparmor(const Host& machine);

}  // namespace hlb::ctl::doctor
