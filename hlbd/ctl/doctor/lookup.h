// The final proof: what a lookup in a new process gives.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// Looks up each name, or the first few of many, in one new process, for two seconds at most, and
// compares what it gets with the table.
Findings check_lookups(const std::vector<std::string>& names, const Published& table);

}  // namespace hlb::ctl::doctor
