// Joins what is counted with what the monitor knows, and serves it to Prometheus where the
// configuration says.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "connections/census.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "libnss_hlb/record.h"
#include "operators/bus/directory.h"
#include "operators/metrics/metrics.h"
#include "operators/metrics/server.h"
#include "system/scope.h"

namespace hlb {

// Used by hlbd's loop alone. `clock`, `monitor` and `census` must outlive it.
class Telemetry {
 public:
  // Called with the reason why the metrics aren't served, or lack something, and with "" once they
  // are whole, or needn't be.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The time between two counts of connections.
  static constexpr std::chrono::seconds kBetweenCounts{10};

  Telemetry(const boost::asio::any_io_executor& executor, const Clock& clock,
            const Monitor& monitor, connections::Census& census, OnTrouble on_trouble);

  // Serves at this address from now on, or nowhere. If it can't, all else goes on.
  void serve_at(const std::optional<MetricsAddress>& address);

  // Has connections counted from now on, or no more.
  void count_connections(bool wanted);

  void changed(const BackendChange& change);
  void published(std::uint64_t tables_so_far);
  void looked_up(const record::View& record);
  void looked_up(const tl::expected<bus::Resolved, Refusal>& answer);

  // The counters that need nothing of what is here.
  metrics::Metrics& counted() { return metrics_; }

 private:
  // A change that isn't published yet.
  struct Unpublished {
    State now;
    Clock::TimePoint first_seen;
  };

  std::string try_to_serve_at(const MetricsAddress& address);
  metrics::Exposition expose() const;
  void count();
  void counted(const connections::Counted& counted);
  void tell_trouble();

  const Clock& clock_;
  const Monitor& monitor_;
  connections::Census& census_;
  OnTrouble on_trouble_;
  std::string not_served_;   // why
  std::string not_counted_;  // why
  metrics::Metrics metrics_;
  std::vector<Unpublished> unpublished_;
  std::optional<MetricsAddress> address_;  // where it serves
  metrics::MetricsServer server_;
  bool counts_ = false;  // whether connections are to be counted
  boost::asio::steady_timer next_count_;
  std::shared_ptr<const connections::ConnectionCounts> counts_now_;  // nullptr: there are none
  Scope scope_;
};

}  // namespace hlb
