// The metrics that hlbd counts and measures for Prometheus; hlbd(8) says what each means.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "health/check_spec.h"
#include "health/machine.h"
#include "health/outcome.h"
#include "operators/metrics/exposition.h"
#include "operators/report.h"

namespace hlb::metrics {

// The evidence that a change of a backend's state rests on.
enum class Cause : std::uint8_t {
  first,     // the first outcome of what was unknown
  passed,    // its checks pass again
  hard,      // its own no: refused, reset, a wrong reply
  soft,      // its silence
  told,      // the word of an agent or a file
  override,  // the operator's word, which came, changed or ended
};

// The result of a lookup over D-Bus.
enum class LookupResult : std::uint8_t { answered, no_healthy_backend, no_such_service };

// Used by hlbd's loop alone. Everything is counted where it happens, at the cost of an addition or
// two; text is made only when somebody asks.
class Metrics {
 public:
  Metrics();

  void probed(const CheckMethod& method, const Outcome& outcome);
  void changed(Cause cause);
  // `took`: from the first of the outcomes that decided until the new state was published.
  void detected(State now, std::chrono::nanoseconds took);
  void looked_up(LookupResult result);
  void published_tables(std::uint64_t so_far);
  void loop_lagged(std::chrono::nanoseconds lag);
  void loaded_configuration(bool good);
  // The service may have connections closed from now on: none so far.
  void may_close_connections(const std::string& service);
  // Connections of this host to a backend of the service, which were ended.
  void closed_connections(const std::string& service, std::uint32_t count);

  // Joins all of the above, as it stands, with the services.
  Exposition expose(Samples services, Exposition::Format format = Exposition::Format::text,
                    const FleetReport& fleet = {}) const;

 private:
  using Counter = prometheus::Counter;
  using Histogram = prometheus::Histogram;

  static constexpr std::size_t kResults = 3;
  static constexpr std::size_t kCauses = 6;
  static constexpr std::size_t kLookups = 3;

  void count_checks();
  Histogram& duration_of(std::size_t type);

  prometheus::Registry registry_;  // owns what the others point to
  std::array<std::array<Counter*, kResults>, kCheckTypes.size()> checks_{};
  prometheus::Family<Histogram>& durations_;
  std::array<Histogram*, kCheckTypes.size()> durations_of_{};  // null until there is one to show
  std::array<Counter*, kCauses> transitions_;
  Histogram* went_up_;
  Histogram* went_down_;
  std::array<Counter*, kLookups> lookups_;
  Counter& publications_;
  Histogram& lag_;
  prometheus::Gauge& good_configuration_;
  prometheus::Family<Counter>& closed_;  // for services that may have connections closed
};

}  // namespace hlb::metrics
