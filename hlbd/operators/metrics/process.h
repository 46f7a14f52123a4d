// What hlbd takes of its host, under the names that all of Prometheus's clients use.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace hlb::metrics {

// Figures of this moment. Reads /proc, which no disk can hold up; where it isn't mounted, or
// hidden, what it would say is left out.
std::vector<prometheus::MetricFamily> figures_of_process();

}  // namespace hlb::metrics
