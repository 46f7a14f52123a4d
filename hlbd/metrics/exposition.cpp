#include "metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <span>
#include <utility>

namespace hlb::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// Of one part: whatever comes first.
constexpr std::size_t kMostMetrics = 250;
constexpr std::size_t kMostServices = 2500;

struct ServiceSample {
  const ServiceSpec& spec;
  std::uint32_t healthy;
  std::span<const BackendSample> backends;
};

ClientMetric gauge(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

void add_healthy(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  metrics.push_back(gauge({{"service", service.spec.name}}, service.healthy));
}

void add_up(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  for (std::size_t i = 0; i < service.backends.size(); ++i) {
    metrics.push_back(gauge(
        {{"service", service.spec.name}, {"backend", service.spec.backends[i].address.to_string()}},
        service.backends[i].up ? 1 : 0));
  }
}

void add_overrides(const ServiceSample& service, std::vector<ClientMetric>& metrics) {
  for (std::size_t i = 0; i < service.backends.size(); ++i) {
    if (service.backends[i].override.empty()) continue;
    metrics.push_back(gauge({{"service", service.spec.name},
                             {"backend", service.spec.backends[i].address.to_string()},
                             {"kind", std::string(service.backends[i].override)}},
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
  const std::span<const ServiceSpec> services = samples_.services->all();
  const std::span<const BackendSample> backends(samples_.backends);
  const std::size_t first = service_;
  MetricFamily part{family.name, family.help, prometheus::MetricType::Gauge, {}};
  while (service_ < services.size() && part.metric.size() < kMostMetrics &&
         service_ < first + kMostServices) {
    const ServiceSpec& spec = services[service_];
    const auto own = backends.subspan(backend_, spec.backends.size());
    family.add({spec, samples_.healthy[service_++], own}, part.metric);
    backend_ += own.size();
  }
  const std::string lines = serializer.Serialize({part});
  text += first > 0 ? without_comments(lines) : lines;
  if (service_ == services.size()) {
    ++family_;
    service_ = backend_ = 0;
  }
  return true;
}

}  // namespace hlb::metrics
