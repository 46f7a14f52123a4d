// DNS, as the resolv.conf of the root folder has it asked.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/aside.h"

namespace hlb::ctl::doctor {

// Asks DNS for each name, and tells "name address" for each that has one, a line each. To be called
// in a child, as a server can keep it waiting.
void ask_dns(const std::vector<std::string>& names, const Tell& tell);

}  // namespace hlb::ctl::doctor
