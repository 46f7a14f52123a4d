// The text that a scrape gets: what was counted, and what is true of the services, in Prometheus's
// text format, version 0.0.4, or in OpenMetrics 1.0.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "health/history.h"
#include "health/service_list.h"
#include "system/moment.h"

namespace hlb::metrics {

struct BackendSample {
  bool up = false;                           // as its checks found it
  bool unknown = false;                      // likewise
  bool suspect = false;                      // up, but left out by its first failure
  std::string_view override{};               // its kind, never freed; empty: none
  std::int32_t latency = History::kUnknown;  // of its first check, see History::last()
  WallTime certificate_end{};                // the earliest of its checks; zero: none was shown
};

struct ServiceSample {
  std::uint32_t healthy = 0;    // backends that lookups may be answered with
  std::uint32_t held_back = 0;  // healthy backends that failback holds back
  bool panic = false;
};

// Gives this host's connections to a backend of a service.
using ConnectionsTo =
    std::function<std::uint32_t(const ServiceSpec& service, const BackendSpec& backend)>;

// Samples of all services at one moment. The services themselves are shared, so that 100,000 of
// them are sampled in a few milliseconds.
struct Samples {
  Services services;
  WallTime now{};
  std::vector<ServiceSample> states;    // of each service
  std::vector<BackendSample> backends;  // of the first service, of the second, and so on
  ConnectionsTo connections{};          // empty: they aren't counted
};

// The text of one moment, made in parts of about a quarter of a millisecond, so that ten thousand
// backends don't keep the loop from its other work.
class Exposition {
 public:
  enum class Format : std::uint8_t { text, open_metrics };

  Exposition(std::vector<prometheus::MetricFamily> counted, Samples samples,
             Format format = Format::text)
      : counted_(std::move(counted)), samples_(std::move(samples)), format_(format) {}

  // Appends the next part to `text`. Returns false when all is there.
  bool add_part(std::string& text);

 private:
  struct Place {
    std::size_t service = 0;
    std::size_t backend = 0;  // of the service
    std::size_t sample = 0;   // that of this backend

    friend bool operator==(const Place&, const Place&) = default;
  };

  void add_counted(std::string& text);
  void add_family(std::string& text);

  std::vector<prometheus::MetricFamily> counted_;  // shown first; empty once it is
  Samples samples_;
  Format format_;
  bool over_ = false;
  std::size_t family_ = 0;  // that is being written, of those that show services
  Place next_;              // where add_part() goes on in it
};

const char* content_type(Exposition::Format format);

}  // namespace hlb::metrics
