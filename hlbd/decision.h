// What the log says of a change: one line for people, with fields by which the journal finds it.
#pragma once

#include <string>

#include "engine/monitor.h"

namespace hlb {

// `quietly`: nobody is to be alarmed by it, see OverrideKind::maintenance.
void log_change(const BackendChange& change, bool quietly);

// `reason`: the operator's own, or why it ended; may be empty.
void log_change(const OverrideChange& change, const std::string& reason);

}  // namespace hlb
