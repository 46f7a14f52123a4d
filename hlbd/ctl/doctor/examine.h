// Runs all checks of hlbctl doctor.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/command.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/services.h"

namespace hlb::ctl::doctor {

struct Examination {
  Findings findings;
  NamesToCheck names;   // that were looked at
  std::string program;  // that was looked at, in words; empty when none was asked for

  // Whether lookups aren't all answered by hlb; notes don't count.
  bool has_faults() const;
};

// Looks at `names`, or at every name in the table if there are none, and at `program`, a path, a
// name or a process, unless it is empty. Takes a few seconds at most, whatever hangs. The error
// says why the program can't be looked at.
tl::expected<Examination, std::string> examine(const Settings& settings,
                                               const std::vector<std::string>& names,
                                               const std::string& program);

}  // namespace hlb::ctl::doctor
