// All that hlbctl doctor looks at.
#pragma once

#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/services.h"

namespace hlb::ctl::doctor {

struct Examination {
  Findings findings;
  NamesToCheck names;   // looked at
  std::string program;  // looked at, in words; empty when none was asked for

  bool has_faults() const;
};

// `names`: those to look at; none for every name in the table. `program`: a path, a name or a
// process, or empty. Takes a few seconds at most, whatever hangs. Throws std::runtime_error when
// the program can't be looked at.
Examination examine(const Settings& settings, const std::vector<std::string>& names,
                    const std::string& program);

}  // namespace hlb::ctl::doctor
