#include "operators/metrics/exposition.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <utility>

namespace hlb::metrics {
namespace {

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

// The text of a label's value, with what the format gives a meaning to escaped.
void add_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') text += '\\';
    text += c == '\n' ? 'n' : c;
  }
}

// The lines of one family of gauges. Made here rather than by prometheus-cpp, as there are tens of
// thousands of them, and it takes twice as long.
class Lines {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;
  };

  Lines(std::string& text, std::string_view name) : text_(text), name_(name) {}

  void add(std::initializer_list<Label> labels, double value) {
    text_ += name_;
    char separator = '{';
    for (const Label& each : labels) {
      text_ += separator;
      text_.append(each.name).append("=\"");
      add_escaped(text_, each.value);
      text_ += '"';
      separator = ',';
    }
    fmt::format_to(std::back_inserter(text_), "}} {}\n", value);
    ++count_;
  }

  std::size_t count() const { return count_; }

 private:
  std::string& text_;
  std::string_view name_;
  std::size_t count_ = 0;
};

void add_of_service(const Sample& sample, double value, Lines& lines) {
  lines.add({{"service", sample.service.name}}, value);
}

void add_of_backend(const Sample& sample, double value, Lines& lines) {
  lines.add({{"service", sample.service.name}, {"backend", sample.backend->address.to_string()}},
            value);
}

void add_healthy(const Sample& sample, Lines& lines) {
  add_of_service(sample, sample.of_service.healthy, lines);
}

void add_panic(const Sample& sample, Lines& lines) {
  if (sample.of_service.panic) add_of_service(sample, 1, lines);
}

void add_held_back(const Sample& sample, Lines& lines) {
  if (sample.of_service.held_back == 0) return;
  add_of_service(sample, sample.of_service.held_back, lines);
}

void add_up(const Sample& sample, Lines& lines) {
  add_of_backend(sample, sample.state.up ? 1 : 0, lines);
}

void add_unknown(const Sample& sample, Lines& lines) {
  if (sample.state.unknown) add_of_backend(sample, 1, lines);
}

void add_latency(const Sample& sample, Lines& lines) {
  const std::int32_t microseconds = sample.state.latency;
  if (microseconds >= 0) add_of_backend(sample, microseconds / 1e6, lines);
}

void add_certificate(const Sample& sample, Lines& lines) {
  if (sample.state.certificate_end == WallTime{}) return;
  const std::chrono::duration<double> left = sample.state.certificate_end - sample.now;
  add_of_backend(sample, std::floor(left.count()), lines);
}

void add_suspect(const Sample& sample, Lines& lines) {
  if (sample.state.suspect) add_of_backend(sample, 1, lines);
}

void add_override(const Sample& sample, Lines& lines) {
  if (sample.state.override.empty()) return;
  lines.add({{"service", sample.service.name},
             {"backend", sample.backend->address.to_string()},
             {"kind", sample.state.override}},
            1);
}

void add_connections(const Sample& sample, Lines& lines) {
  add_of_backend(sample, (*sample.connections)(sample.service, *sample.backend), lines);
}

// A gauge that has a value for each service, or for each backend of one.
struct Family {
  const char* name;
  const char* help;
  bool of_backends;
  void (*add)(const Sample& sample, Lines& lines);
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
  const Family& family = kFamilies.at(family_);
  const std::span<const ServiceSpec> services = samples_.services->all();
  if (next_ == Place{}) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", family.name, family.help);
  }
  Lines lines(text, family.name);
  for (std::size_t step = 0; step < kMostSteps && lines.count() < kMostMetrics; ++step) {
    if (next_.service == services.size()) break;
    const ServiceSpec& service = services[next_.service];
    const ServiceSample& state = samples_.states[next_.service];
    if (family.of_backends && next_.backend < service.backends.size()) {
      family.add({samples_.now, service, state, &service.backends[next_.backend++],
                  samples_.backends[next_.sample++], &samples_.connections},
                 lines);
      continue;
    }
    if (!family.of_backends) family.add({samples_.now, service, state}, lines);
    ++next_.service;
    next_.backend = 0;
  }
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
