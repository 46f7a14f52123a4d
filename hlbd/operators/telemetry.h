// Joins what is counted with what the monitor knows, for Prometheus.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "connections/census.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "libnss_hlb/record.h"
#include "operators/bus/directory.h"
#include "operators/metrics/metrics.h"
#include "system/scope.h"

namespace hlb {

// Used by hlbd's loop alone. `clock`, `monitor` and `census` must outlive it.
class Telemetry {
 public:
  // Called with the reason why connections aren't counted, and with "" once they are, or needn't
  // be.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The time between two counts of connections.
  static constexpr std::chrono::seconds kBetweenCounts{10};

  Telemetry(const boost::asio::any_io_executor& executor, const Clock& clock,
            const Monitor& monitor, connections::Census& census, std::function<FleetReport()> fleet,
            OnTrouble on_trouble);

  // Has connections counted from now on, or no more.
  void count_connections(bool wanted);

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

  void count();
  void take(const connections::Counted& counted);

  const Clock& clock_;
  const Monitor& monitor_;
  connections::Census& census_;
  std::function<FleetReport()> fleet_;
  OnTrouble on_trouble_;
  metrics::Metrics metrics_;
  std::vector<Unpublished> unpublished_;
  bool counts_ = false;  // whether connections are to be counted
  boost::asio::steady_timer next_count_;
  std::shared_ptr<const connections::ConnectionCounts> counts_now_;  // nullptr: there are none
  Scope scope_;
};

}  // namespace hlb
