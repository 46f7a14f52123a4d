#include "metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <iterator>
#include <utility>

namespace hlb::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

constexpr std::size_t kMetricsOfPart = 250;

ClientMetric gauge(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

void add_healthy(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  metrics.push_back(gauge({{"service", service.name}}, static_cast<double>(service.healthy)));
}

void add_up(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  for (const BackendSample& each : service.backends) {
    metrics.push_back(
        gauge({{"service", service.name}, {"backend", each.address.to_string()}}, each.up ? 1 : 0));
  }
}

void add_overrides(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  for (const BackendSample& each : service.backends) {
    if (each.override.empty()) continue;
    metrics.push_back(gauge({{"service", service.name},
                             {"backend", each.address.to_string()},
                             {"kind", std::string(each.override)}},
                            1));
  }
}

// A gauge that has a value for each service, or backend of one.
struct Family {
  const char* name;
  const char* help;
  void (*add)(const ServiceSample& service, std::vector<ClientMetric>& metrics);
};

constexpr std::array kFamilies = {
    Family{"hlb_service_healthy_backends", "Backends of the service that lookups may get.",
           add_healthy},
    Family{"hlb_backend_up", "Whether the backend's checks find it up, whatever overrides it.",
           add_up},
    Family{"hlb_override", "1 for each backend that an operator has overridden.", add_overrides},
};

// What stands above a family's values.
std::string_view without_comments(std::string_view text) {
  while (text.starts_with('#'))
    text.remove_prefix(text.find('\n') + 1);
  return text;
}

}  // namespace

bool Exposition::add_part(std::string& text) {
  const prometheus::TextSerializer serializer;
  if (!counted_.empty()) {
    text += serializer.Serialize(std::exchange(counted_, {}));
    return true;
  }
  if (family_ == kFamilies.size()) return false;
  const Family& family = kFamilies.at(family_);
  const bool continued = next_ > 0;
  MetricFamily part{family.name, family.help, prometheus::MetricType::Gauge, {}};
  while (next_ < services_.size() && part.metric.size() < kMetricsOfPart)
    family.add(services_[next_++], part.metric);
  const std::string lines = serializer.Serialize({part});
  text += continued ? without_comments(lines) : lines;
  if (next_ == services_.size()) {
    ++family_;
    next_ = 0;
  }
  return true;
}

}  // namespace hlb::metrics
