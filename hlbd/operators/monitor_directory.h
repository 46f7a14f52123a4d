// Makes reports for operators of what the monitor knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connections/census.h"
#include "engine/both_clocks.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "operators/bus/directory.h"
#include "operators/events.h"
#include "operators/report.h"
#include "publish/publisher.h"
#include "system/troubles.h"

namespace hlb {

// Used by hlbd's loop alone. All it is made with must outlive it.
class MonitorDirectory final : public bus::Directory {
 public:
  MonitorDirectory(const Monitor& monitor, const Publisher& publisher, const Clock& clock,
                   const EventLog& events, const Troubles& troubles,
                   const connections::Census& census, std::function<FleetReport()> fleet);

  // To be called after each Monitor::apply() that found another configuration.
  void configured() { ++configurations_; }

  Overview overview() const override;
  std::vector<std::string> troubles() const override { return troubles_.list(); }
  std::vector<Event> events(std::size_t most) const override { return events_.latest(most); }
  std::uint64_t configurations() const override { return configurations_; }
  std::vector<ServiceReport> services(std::size_t first, std::size_t most) const override;
  std::optional<ServiceReport> service(std::string_view name) const override;
  std::optional<ServiceSettings> settings(std::string_view service) const override;
  std::optional<std::string> service_of(std::string_view name) const override;
  std::optional<std::vector<BackendReport>> backends(std::string_view service, std::size_t first,
                                                     std::size_t most) const override;
  std::optional<BackendReport> backend(std::string_view service,
                                       std::string_view address) const override;
  std::vector<CheckReport> checks(std::string_view service,
                                  std::string_view address) const override;
  FleetReport fleet() const override { return fleet_(); }
  std::optional<std::vector<ConnectionReport>> connections(std::string_view service,
                                                           std::size_t first,
                                                           std::size_t most) const override;
  std::vector<OverridePreview> preview(const bus::PreviewRequest& request,
                                       std::size_t service) const override;

 private:
  std::vector<OverridePreview> preview_of_gone(const bus::PreviewRequest& request) const;
  std::optional<std::size_t> find(std::size_t service, std::string_view address) const;
  ServiceReport report(std::size_t service, const BothClocks& clocks) const;
  BackendReport report(std::size_t service, std::size_t index, const BothClocks& clocks) const;

  const BothClocks& both_clocks() const;

  const Monitor& monitor_;
  const Publisher& publisher_;
  const Clock& clock_;
  const EventLog& events_;
  const Troubles& troubles_;
  const connections::Census& census_;
  std::function<FleetReport()> fleet_;
  mutable std::optional<BothClocks> clocks_;
  std::uint64_t configurations_ = 0;
};

}  // namespace hlb
