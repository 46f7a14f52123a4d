#include "operators/metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>
#include <cmath>
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
  WallTime now;
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

void add_unknown(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.state.unknown) metrics.push_back(gauge(labels_of(sample), 1));
}

void add_latency(const Sample& sample, std::vector<ClientMetric>& metrics) {
  const std::int32_t microseconds = sample.state.latency;
  if (microseconds >= 0) metrics.push_back(gauge(labels_of(sample), microseconds / 1e6));
}

void add_certificate(const Sample& sample, std::vector<ClientMetric>& metrics) {
  if (sample.state.certificate_end == WallTime{}) return;
  const std::chrono::duration<double> left = sample.state.certificate_end - sample.now;
  metrics.push_back(gauge(labels_of(sample), std::floor(left.count())));
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
    Family{"hlb_backend_unknown", "1 for each backend of which the checks know nothing.", true,
           add_unknown},
    Family{"hlb_backend_suspect", "1 for each backend that is left out by its first failure.", true,
           add_suspect},
    Family{"hlb_backend_latency_seconds",
           "How long the last probe by the backend's first check took, if it passed.", true,
           add_latency},
    Family{"hlb_backend_certificate_remaining_seconds",
           "Time until the backend's TLS certificate ends; negative once it has.", true,
           add_certificate},
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

// A bucket's limit as OpenMetrics wants all floats: le="1" becomes le="1.0".
void add_with_float(std::string& text, std::string_view line) {
  constexpr std::string_view kLimit = "le=\"";
  const std::size_t begin = line.find(kLimit);
  const std::size_t end =
      begin == std::string_view::npos ? begin : line.find('"', begin + kLimit.size());
  if (end == std::string_view::npos) return void(text += line);
  const std::string_view limit = line.substr(begin, end - begin).substr(kLimit.size());
  text += line.substr(0, end);
  if (limit.find_first_not_of("0123456789") == std::string_view::npos) text += ".0";
  text += line.substr(end);
}

// OpenMetrics names a family of counters without the "_total" of its samples.
void add_comment(std::string& text, std::string_view line) {
  constexpr std::string_view kTotal = "_total";
  const std::size_t end = line.find(' ', std::string_view("# HELP ").size());
  const std::string_view name = line.substr(0, end);
  text += name.ends_with(kTotal) ? name.substr(0, name.size() - kTotal.size()) : name;
  text += line.substr(name.size());
}

std::string as_open_metrics(std::string_view plain) {
  std::string text;
  text.reserve(plain.size());
  while (!plain.empty()) {
    const std::string_view line = plain.substr(0, plain.find('\n') + 1);
    plain.remove_prefix(line.size());
    line.starts_with('#') ? add_comment(text, line) : add_with_float(text, line);
  }
  return text;
}

}  // namespace

bool Exposition::add_part(std::string& text) {
  if (!counted_.empty()) {
    add_counted(text);
  } else if (family_ < (samples_.connections ? kFamilies.size() : kUncounted)) {
    add_family(text);
  } else if (format_ == Format::open_metrics && !std::exchange(over_, true)) {
    text += "# EOF\n";
  } else {
    return false;
  }
  return true;
}

void Exposition::add_counted(std::string& text) {
  const std::string counted = prometheus::TextSerializer().Serialize(std::exchange(counted_, {}));
  text += format_ == Format::open_metrics ? as_open_metrics(counted) : counted;
}

// Adds some samples of the next family. Gauges are the same in both formats.
void Exposition::add_family(std::string& text) {
  const prometheus::TextSerializer serializer;
  const Family& family = kFamilies.at(family_);
  const std::span<const ServiceSpec> services = samples_.services->all();
  const bool continued = next_ != Place{};
  MetricFamily part{family.name, family.help, prometheus::MetricType::Gauge, {}};
  for (std::size_t step = 0; step < kMostSteps && part.metric.size() < kMostMetrics; ++step) {
    if (next_.service == services.size()) break;
    const ServiceSpec& service = services[next_.service];
    const ServiceSample& state = samples_.states[next_.service];
    if (family.of_backends && next_.backend < service.backends.size()) {
      family.add({samples_.now, service, state, &service.backends[next_.backend++],
                  samples_.backends[next_.sample++], &samples_.connections},
                 part.metric);
      continue;
    }
    if (!family.of_backends) family.add({samples_.now, service, state}, part.metric);
    ++next_.service;
    next_.backend = 0;
  }
  const std::string lines = serializer.Serialize({part});
  text += continued ? without_comments(lines) : lines;
  if (next_.service == services.size()) {
    ++family_;
    next_ = {};
  }
}

const char* content_type(Exposition::Format format) {
  return format == Exposition::Format::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace hlb::metrics
