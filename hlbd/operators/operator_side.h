// The operator's side of hlbd: tells people and their programs what changes, each in its own way,
// by the log, on_change programs, Prometheus, and org.hlb1 on the message bus.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "connections/census.h"
#include "connections/closer.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "operators/bus/directory.h"
#include "operators/bus/system_bus.h"
#include "operators/change_log.h"
#include "operators/events.h"
#include "operators/hooks.h"
#include "operators/monitor_directory.h"
#include "operators/telemetry.h"
#include "operators/user_names.h"
#include "operators/web_side.h"
#include "publish/publisher.h"
#include "system/troubles.h"

namespace hlb {

// Used by hlbd's loop alone. All it is made with must outlive it.
class OperatorSide {
 public:
  // `programs`: see Hooks.
  OperatorSide(boost::asio::io_context& io, bus::Identity identity, const Monitor& monitor,
               const Publisher& publisher, const Clock& clock,
               std::function<Hooks::Programs()> programs, std::function<FleetReport()> fleet);

  void configure(const Config& config);

  // Joins the bus, and stays there: see bus::SystemBus.
  void join_bus(bus::BusKind kind, bus::Control control);

  // hlbd is ready.
  void ready();

  // To be called after each Monitor::apply().
  void configured();

  void changed(const BackendChange& change);
  void changed(const OverrideChange& change);

  void closed(const connections::Closing& closing);

  // To be called after each publication, with the services whose verdicts were made anew.
  void published(std::span<const Refreshed> services);

  Troubles& troubles() { return troubles_; }
  Telemetry& telemetry() { return telemetry_; }

 private:
  void show_who_may_close();
  NameUser name_user();
  void tell(Event event);
  void tell(const VerdictChange& change);
  void tell_hooks_after_maintenance(const Overrides::Key& key, const Override& maintenance);

  boost::asio::io_context& io_;
  bus::Identity identity_;
  const Monitor& monitor_;
  const Publisher& publisher_;
  ChangeLines change_lines_;
  EventLog events_;
  Troubles troubles_;
  connections::Census census_;
  MonitorDirectory directory_;
  Hooks hooks_;
  Telemetry telemetry_;
  UserNames user_names_;
  WebSide web_;
  std::optional<bus::SystemBus> bus_;
};

}  // namespace hlb
