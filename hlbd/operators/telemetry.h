// What Prometheus is told of hlbd: joins what is counted with what the monitor knows, and serves it
// where the configuration says.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "libnss_hlb/record.h"
#include "operators/bus/directory.h"
#include "operators/metrics/metrics.h"
#include "operators/metrics/server.h"

namespace hlb {

// Used by hlbd's loop alone. `clock` and `monitor` must outlive it.
class Telemetry {
 public:
  // Told why the metrics aren't served, and "" once they are, or needn't be.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  Telemetry(const boost::asio::any_io_executor& executor, const Clock& clock,
            const Monitor& monitor, OnTrouble on_trouble);

  // Serves there from now on, or nowhere. Where it can't, all else goes on.
  void serve_at(const std::optional<MetricsAddress>& address);

  void changed(const BackendChange& change);
  void published(std::uint64_t tables_so_far);
  void looked_up(const record::View& record);
  void looked_up(const std::variant<bus::Resolved, bus::Refusal>& answer);

  // For what is counted as it is.
  metrics::Metrics& counted() { return metrics_; }

 private:
  // A change that isn't published yet.
  struct Unpublished {
    State now;
    Clock::TimePoint first_seen;
  };

  std::string try_to_serve_at(const MetricsAddress& address);
  metrics::Exposition expose() const;

  const Clock& clock_;
  const Monitor& monitor_;
  OnTrouble on_trouble_;
  metrics::Metrics metrics_;
  std::vector<Unpublished> unpublished_;
  std::optional<MetricsAddress> address_;  // where it serves
  metrics::MetricsServer server_;
};

}  // namespace hlb
