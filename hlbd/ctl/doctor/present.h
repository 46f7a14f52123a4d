// Writes what was found, as text and as JSON.
#pragma once

#include <string>

#include "ctl/doctor/examine.h"
#include "ctl/terminal/terminal.h"

namespace hlb::ctl::doctor {

// A line for each finding, the faults first, and one that says so when there is no fault; as wide
// as the terminal.
std::string as_text(const Examination& examination, const Terminal& terminal);

// {"findings": [{"severity": "fault" or "note", "about": …, "what": …, "why": …, "mend": …}, …]}
std::string as_json(const Examination& examination);

}  // namespace hlb::ctl::doctor
