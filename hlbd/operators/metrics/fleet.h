// How this host stands in its fleet, as Prometheus has it.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "operators/report.h"
#include "system/moment.h"

namespace hlb::metrics {

// Figures of this moment; none for a host that stands alone.
std::vector<prometheus::MetricFamily> figures_of_fleet(const FleetReport& fleet, WallTime now);

}  // namespace hlb::metrics
