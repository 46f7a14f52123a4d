// Joins what is counted with what the monitor knows, for Prometheus.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>
#include <vector>

#include "engine/clock.h"
#include "engine/monitor.h"
#include "libnss_hlb/record.h"
#include "operators/bus/directory.h"
#include "operators/metrics/metrics.h"

namespace hlb {

// Used by hlbd's loop alone. `clock` and `monitor` must outlive it.
class Telemetry {
 public:
  Telemetry(const Clock& clock, const Monitor& monitor) : clock_(clock), monitor_(monitor) {}

  void changed(const BackendChange& change);
  void published(std::uint64_t tables_so_far);
  void looked_up(const record::View& record);
  void looked_up(const tl::expected<bus::Resolved, Refusal>& answer);

  // All that is counted and known, as it stands.
  metrics::Exposition expose(metrics::Exposition::Format format) const;

  // The counters that need nothing of what is here.
  metrics::Metrics& counted() { return metrics_; }

 private:
  // A change that isn't published yet.
  struct Unpublished {
    State now;
    Clock::TimePoint first_seen;
  };

  const Clock& clock_;
  const Monitor& monitor_;
  metrics::Metrics metrics_;
  std::vector<Unpublished> unpublished_;
};

}  // namespace hlb
