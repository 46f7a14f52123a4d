// Where the metrics are served: [daemon] metrics.
#pragma once

#include <optional>

#include "config/config.h"
#include "config/reader.h"

namespace hlb::config {

// nullopt when `metrics` is absent or has a fault, which is noted.
std::optional<MetricsAddress> read_metrics_address(TableReader& keys, Faults& faults);

}  // namespace hlb::config
