// Asks a person how imported services are to be checked.
#pragma once

#include <iosfwd>
#include <vector>

#include "ctl/import/services.h"

namespace hlb::ctl {

// Asks for each on `out`, and again when an answer is no check. An empty one takes what stands in
// brackets: the answer before, or else the service's check as it is. When the input ends, that goes
// for all that are left.
void ask_checks(std::vector<ImportedService>& services, std::istream& in, std::ostream& out);

}  // namespace hlb::ctl
