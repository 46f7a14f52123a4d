// Names below a service with subdomains that aren't the service's.
#pragma once

#include <string>
#include <vector>

#include "ctl/import/entries.h"
#include "ctl/import/services.h"

namespace hlb::ctl {

// Puts them into the exceptions of their service, and notes what that can't express: the names that
// the entries say something else of, and `left_out`, which are names without a service.
void add_exceptions(const Entries& entries, const std::vector<std::string>& left_out,
                    Imported& imported);

}  // namespace hlb::ctl
