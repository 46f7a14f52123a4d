// Lookups made in the world of a running process, by its own C library.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/program.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// Looks the services of these names up, or of the first few of many, as the process would: with
// its namespaces, root folder, user and variables, in a few seconds at most. Finds what it gets
// that hlb doesn't answer, and where answers aren't balanced. Says so where no lookup can be made.
// What a program that asks DNS itself gets is looked up by DNS there.
Findings check_inside(const Host& machine, const ExaminedProgram& program,
                      const std::vector<std::string>& names, const Published& table);

}  // namespace hlb::ctl::doctor
