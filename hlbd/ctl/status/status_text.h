// Writes what `hlbctl status` prints for people.
#pragma once

#include <string>
#include <vector>

#include "ctl/status/snapshot.h"
#include "ctl/terminal/table.h"
#include "ctl/terminal/terminal.h"
#include "operators/report.h"

namespace hlb::ctl {

// All services: on a terminal the worst first, see Rank, else in their order. On a terminal with
// too few rows for them, unless `all`, the healthy are only counted in a last line.
std::string status_text(const Snapshot& snapshot, const Terminal& terminal, bool all, WallTime now);

// Parts of that, for a screen that shows some of the services.
Table status_table();
void add_header(Table& table, const DaemonReport& hlbd, WallTime now);
void add_service(Table& table, const Listed& listed, const Terminal& terminal, WallTime now);

// An override in words: "drained until 14:30 by alice: kernel update". `override` has a kind.
std::string describe(const OverrideReport& override, WallTime now);

// Where a backend is checked: "10.0.0.1:8082", "[fd77::1]:8082", or "10.0.0.1" when that is at no
// port or at several.
std::string endpoint(const BackendReport& backend);

}  // namespace hlb::ctl
