#include "operators/metrics/metrics.h"

#include <prometheus/family.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/metrics/fleet.h"
#include "operators/metrics/process.h"

namespace hlb::metrics {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Registry;
using Seconds = std::chrono::duration<double>;

// Values of labels, in the order of Outcome::Result, Cause and LookupResult.
constexpr std::array<std::string_view, 3> kResultNames = {"passed", "failed", "unknown"};
constexpr std::array<std::string_view, 6> kCauseNames = {"first", "passed", "hard",
                                                         "soft",  "told",   "override"};
constexpr std::array<std::string_view, 3> kLookupNames = {"answered", "no_healthy_backend",
                                                          "no_such_service"};

// Buckets from a connection on this host to the longest time-outs.
const Histogram::BucketBoundaries kDurations = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05,
                                                0.1,    0.25,   0.5,   1,     2.5,  10};
// Buckets from a refusal that is confirmed after 50 ms to a time-out at a long interval.
const Histogram::BucketBoundaries kDetections = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                 1,    2.5,   5,    10,  30,   60};
// From some 10 ms on a probe is spoilt, and lookups over D-Bus are late.
const Histogram::BucketBoundaries kLags = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                           0.05,   0.1,   0.25,   0.5,   1,    5};

template <typename Enum>
std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

prometheus::Family<Counter>& counters(Registry& registry, const char* name, const char* help,
                                      const prometheus::Labels& labels = {}) {
  return prometheus::BuildCounter().Name(name).Help(help).Labels(labels).Register(registry);
}

prometheus::Family<Histogram>& histograms(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& gauges(Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

// One counter for each value of the label, so that all show from the start, as zero.
template <std::size_t N>
std::array<Counter*, N> counter_for_each(prometheus::Family<Counter>& family, const char* label,
                                         const std::array<std::string_view, N>& values) {
  std::array<Counter*, N> result{};
  for (std::size_t i = 0; i < N; ++i)
    result.at(i) = &family.Add({{label, std::string(values.at(i))}});
  return result;
}

}  // namespace

Metrics::Metrics()
    : durations_(histograms(registry_, "hlb_check_duration_seconds",
                            "How long a probe of a backend took that passed or failed.")),
      transitions_(counter_for_each(
          counters(registry_, "hlb_transitions_total",
                   "Changes of backends' states and overrides, by what they rest on."),
          "cause", kCauseNames)),
      lookups_(counter_for_each(
          counters(registry_, "hlb_lookups_total",
                   "Lookups that hlbd answered itself. Those that the table answers it never sees.",
                   {{"path", "bus"}}),
          "result", kLookupNames)),
      publications_(counters(registry_, "hlb_table_publications_total",
                             "How often verdicts were published, in place or as a new table.")
                        .Add({})),
      lag_(histograms(registry_, "hlb_loop_lag_seconds",
                      "How much later than it asked to hlbd had its turn, several times a second.")
               .Add({}, kLags)),
      good_configuration_(gauges(registry_, "hlb_config_last_reload_successful",
                                 "Whether the configuration that was read last is the one in use.")
                              .Add({})),
      closed_(counters(registry_, "hlb_connections_closed_total",
                       "Connections of this host that hlbd had ended.")) {
  count_checks();
  auto& detections = histograms(
      registry_, "hlb_detection_seconds",
      "From the first outcome against a backend's state until the new one is published.");
  went_up_ = &detections.Add({{"to", "up"}}, kDetections);
  went_down_ = &detections.Add({{"to", "down"}}, kDetections);
  figures_of_process();  // the first call finds out when hlbd started
  good_configuration_.Set(1);
  gauges(registry_, "hlb_build_info", "The version of hlbd, as a label.")
      .Add({{"version", HLB_VERSION}})
      .Set(1);
}

void Metrics::count_checks() {
  auto& family = counters(registry_, "hlb_check_total",
                          "Probes of backends, by the type of their check and what they found.");
  for (std::size_t type = 0; type < kCheckTypes.size(); ++type) {
    for (std::size_t result = 0; result < kResults; ++result) {
      checks_.at(type).at(result) = &family.Add({{"type", std::string(kCheckTypes.at(type))},
                                                 {"result", std::string(kResultNames.at(result))}});
    }
  }
}

void Metrics::probed(const CheckMethod& method, const Outcome& outcome) {
  const std::size_t type = type_of(method);
  checks_.at(type).at(index(outcome.result))->Increment();
  if (outcome.result == Outcome::Result::unknown) return;
  duration_of(type).Observe(Seconds(outcome.latency).count());
}

prometheus::Histogram& Metrics::duration_of(std::size_t type) {
  Histogram*& histogram = durations_of_.at(type);
  if (histogram == nullptr) {
    histogram = &durations_.Add({{"type", std::string(kCheckTypes.at(type))}}, kDurations);
  }
  return *histogram;
}

void Metrics::changed(Cause cause) {
  transitions_.at(index(cause))->Increment();
}

void Metrics::detected(State now, std::chrono::nanoseconds took) {
  (now == State::up ? went_up_ : went_down_)->Observe(Seconds(took).count());
}

void Metrics::looked_up(LookupResult result) {
  lookups_.at(index(result))->Increment();
}

void Metrics::published_tables(std::uint64_t so_far) {
  publications_.Increment(static_cast<double>(so_far) - publications_.Value());
}

void Metrics::may_close_connections(const std::string& service) {
  closed_.Add({{"service", service}});
}

void Metrics::closed_connections(const std::string& service, std::uint32_t count) {
  closed_.Add({{"service", service}}).Increment(count);
}

void Metrics::loop_lagged(std::chrono::nanoseconds lag) {
  lag_.Observe(Seconds(lag).count());
}

void Metrics::loaded_configuration(bool good) {
  good_configuration_.Set(good ? 1 : 0);
}

Exposition Metrics::expose(Samples services, Exposition::Format format,
                           const FleetReport& fleet) const {
  std::vector<prometheus::MetricFamily> counted = registry_.Collect();
  std::ranges::move(figures_of_process(), std::back_inserter(counted));
  std::ranges::move(figures_of_fleet(fleet, services.now), std::back_inserter(counted));
  return {std::move(counted), std::move(services), format};
}

}  // namespace hlb::metrics
