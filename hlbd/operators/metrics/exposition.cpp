#include "operators/metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <span>
#include <string>
#include <utility>

namespace hlb::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// Limits of one part, whichever is reached first.
constexpr std::size_t kMostMetrics = 250;
constexpr std::size_t kMostSteps = 2500;

// A service, or one of its backends.
struct Sample {
  const ServiceSpec& service;
  const ServiceSample& of_service;
  const BackendSpec* backend = nullptr;
  BackendSample state{};
  const ConnectionsTo* connections = nullptr;
};

ClientMetric gauge(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

std::vector<ClientMetric::Label> labels_of(const Sample& sample) {
  return {{"service", sample.service.name}, {"backend", sample.backend->address.to_string()}};
}

void add_healthy(const Sample& sample, std::vector<ClientMetric>& metrics) {
  metrics.push_back(gauge({{"service", sample.service.name}}, sample.of_service.healthy));
}

void add_panic(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.of_service.panic) metrics.push_back(gauge({{"service", sample.service.name}}, 1));
}

void add_held_back(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.of_service.held_back == 0) return;
  metrics.push_back(gauge({{"service", sample.service.name}}, sample.of_service.held_back));
}

void add_up(const Sample& sample, std::vector<ClientMetric>& metrics) {
  metrics.push_back(gauge(labels_of(sample), sample.state.up ? 1 : 0));
}

void add_suspect(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.state.suspect) metrics.push_back(gauge(labels_of(sample), 1));
}

void add_override(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.state.override.empty()) return;
  auto labels = labels_of(sample);
  labels.push_back({"kind", std::string(sample.state.override)});
  metrics.push_back(gauge(std::move(labels), 1));
}

void add_connections(const Sample& sample, std::vector<ClientMetric>& metrics) {
  metrics.push_back(
      gauge(labels_of(sample), (*sample.connections)(sample.service, *sample.backend)));
}

// A gauge that has a value for each service, or for each backend of one.
struct Family {
  const char* name;
  const char* help;
  bool of_backends;
  void (*add)(const Sample& sample, std::vector<ClientMetric>& metrics);
};

constexpr std::array kFamilies = {
    Family{"hlb_service_healthy_backends", "Backends of the service that lookups may get.", false,
           add_healthy},
    Family{"hlb_service_panic", "1 for each service that is answered with all its backends.", false,
           add_panic},
    Family{"hlb_service_held_back_backends",
           "Healthy backends of a better priority than the one that serves, where there are any.",
           false, add_held_back},
    Family{"hlb_backend_up", "Whether the backend's checks find it up, whatever overrides it.",
           true, add_up},
    Family{"hlb_backend_suspect", "1 for each backend that is left out by its first failure.", true,
           add_suspect},
    Family{"hlb_override", "1 for each backend that an operator has overridden.", true,
           add_override},
    Family{"hlb_backend_connections", "Connections of this host's programs to the backend.", true,
           add_connections},
};
constexpr std::size_t kUncounted = kFamilies.size() - 1;  // families without connections

// The lines above a family's values.
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
  if (family_ == (samples_.connections ? kFamilies.size() : kUncounted)) return false;
  const Family& family = kFamilies.at(family_);
  const std::span<const ServiceSpec> services = samples_.services->all();
  const bool continued = next_ != Place{};
  MetricFamily part{family.name, family.help, prometheus::MetricType::Gauge, {}};
  for (std::size_t step = 0; step < kMostSteps && part.metric.size() < kMostMetrics; ++step) {
    if (next_.service == services.size()) break;
    const ServiceSpec& service = services[next_.service];
    const ServiceSample& state = samples_.states[next_.service];
    if (family.of_backends && next_.backend < service.backends.size()) {
      family.add({service, state, &service.backends[next_.backend++],
                  samples_.backends[next_.sample++], &samples_.connections},
                 part.metric);
      continue;
    }
    if (!family.of_backends) family.add({service, state}, part.metric);
    ++next_.service;
    next_.backend = 0;
  }
  const std::string lines = serializer.Serialize({part});
  text += continued ? without_comments(lines) : lines;
  if (next_.service == services.size()) {
    ++family_;
    next_ = {};
  }
  return true;
}

}  // namespace hlb::metrics
