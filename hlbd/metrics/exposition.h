// The text that a scrape gets: what was counted, and what is true of the services, in Prometheus's
// text format, version 0.0.4.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "health/address.h"

namespace hlb::metrics {

// What is shown of a backend and of a service.
struct BackendSample {
  Address address;
  bool up = false;            // as its checks found it
  std::string_view override;  // its kind, of a name that never goes; empty: none
};

struct ServiceSample {
  std::string name;
  std::size_t healthy = 0;  // backends that lookups may be answered
  std::vector<BackendSample> backends;
};

// The text of one moment, made in parts, so that one of ten thousand backends doesn't keep the loop
// from its other work: each part is made in about a quarter of a millisecond.
class Exposition {
 public:
  Exposition(std::vector<prometheus::MetricFamily> counted, std::vector<ServiceSample> services)
      : counted_(std::move(counted)), services_(std::move(services)) {}

  // Appends the next part to `text`; false when all is there.
  bool add_part(std::string& text);

 private:
  std::vector<prometheus::MetricFamily> counted_;  // shown first; empty once it is
  std::vector<ServiceSample> services_;
  std::size_t family_ = 0;  // of those that show services,
  std::size_t next_ = 0;    // and the service that it goes on with
};

}  // namespace hlb::metrics
