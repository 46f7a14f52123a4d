#include "operators/metrics/fleet.h"

#include <algorithm>
#include <chrono>

namespace hlb::metrics {
namespace {

prometheus::MetricFamily gauge(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {name, help, prometheus::MetricType::Gauge, {metric}};
}

}  // namespace

std::vector<prometheus::MetricFamily> figures_of_fleet(const FleetReport& fleet, WallTime now) {
  if (fleet.state.empty()) return {};
  std::vector<prometheus::MetricFamily> figures = {
      gauge("hlb_fleet_fresh", "Whether this host follows the fleet's etcd: 1, or 0.",
            fleet.state == "fresh" ? 1 : 0),
      gauge("hlb_fleet_revision", "The revision of etcd that this host has.",
            static_cast<double>(fleet.revision)),
      gauge("hlb_fleet_keys", "The fleet's keys that this host has.",
            static_cast<double>(fleet.keys)),
      gauge("hlb_fleet_refused_keys", "Keys whose present value this host can't use.",
            static_cast<double>(fleet.refused.size())),
      gauge("hlb_fleet_held_keys", "Keys that etcd has lost, which stay until that is accepted.",
            static_cast<double>(fleet.held))};
  if (fleet.last_sign == WallTime{}) return figures;
  const std::chrono::duration<double> silence = std::max(now, fleet.last_sign) - fleet.last_sign;
  figures.push_back(gauge("hlb_fleet_silence_seconds", "The time since etcd's last sign of life.",
                          silence.count()));
  return figures;
}

}  // namespace hlb::metrics
