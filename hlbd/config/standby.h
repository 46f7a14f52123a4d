// The keys of a [[service]] that say which of its priorities serve.
#pragma once

#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

// min_healthy, panic and failback.
void read_standby_rules(TableReader& table, ServiceSpec& service, Faults& faults);

}  // namespace hlb::config
