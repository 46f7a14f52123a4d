// The daemon owns the rooms that data flows through, and wires them: what one room has to tell, the
// daemon hands to those that want to know. It decides nothing itself but the order of things at a
// start, at a reload and at the end. DESIGN.md tells the way of a verdict through it.
#pragma once

#include <spdlog/common.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "connections/closer.h"
#include "discovery/name_watch.h"
#include "engine/clock.h"
#include "engine/hints.h"
#include "engine/monitor.h"
#include "fleet/follower.h"
#include "fleet/forgetter.h"
#include "fleet/registrar.h"
#include "network/routes.h"
#include "operators/control/closing_control.h"
#include "operators/control/failback_control.h"
#include "operators/control/override_control.h"
#include "operators/control/reloader.h"
#include "operators/operator_side.h"
#include "options.h"
#include "probes/prober.h"
#include "publish/peer_socket.h"
#include "publish/publisher.h"
#include "publish/runtime_folder.h"
#include "state/inheritance.h"
#include "state/state_file.h"
#include "system/notify.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb {

class Daemon : private Monitor::Observer {
 public:
  // Takes the runtime folder over. Throws std::exception when another hlbd holds it, or it can't be
  // written to.
  Daemon(Options options, Config config);

  // Serves until SIGTERM or SIGINT.
  void run();

 private:
  // What the monitor tells, from within its own work: nothing here may change the monitor.
  void verdicts_changed() override { publisher_.publish_soon(); }
  void backend_changed(const BackendChange& change) override;
  void advice_changed() override { state_file_.changed(); }
  void checks_hindered(const std::string& summary) override {
    operator_side_.troubles().show("checks", summary);
  }
  void probed(const CheckSpec& check, const Outcome& outcome) override {
    operator_side_.telemetry().counted().probed(check.method, outcome);
  }
  void override_changed(const OverrideChange& change) override;

  // Inherits what the predecessor left, and has the first table take the place of the one before.
  void start_publishing(Config& config);
  // Takes over the settings of [daemon].
  void configure(const Config& config);
  // Puts other services, or other addresses of their backends, in force.
  void apply(ServiceChange change);
  void join_bus();
  // Joins the fleet that the configuration names, goes on in it, or leaves it. Returns what is to
  // be in force; at a start what the fleet said before is read, and the disk waited for.
  fleet::Merged follow_fleet(const Config& config, std::vector<ServiceSpec> own, bool is_start);
  void put_in_force(fleet::Merged merged);
  std::vector<fleet::Transaction::Condition> dead_registered();
  fleet::Connect connect_to(const FleetConfig& fleet);
  FleetReport fleet_report() const;
  void register_backends(const Config& config);
  // Ends hlbd, once registrations that end with it are taken out and the table's file has what is
  // in force, or there was time for that.
  void stop();
  void override_for_fleet(std::span<const fleet::OverrideNews> news, bool is_start);
  void watch_routes();
  void routes_changed(bool ways);
  void file_changed(const probes::FileChange& change);
  void programs_troubled(const std::string& trouble);
  void on_published(std::span<const Refreshed> services);
  // Once every check has had its first outcome, or the time for one.
  void become_ready();
  void tell_ready();
  void reload(Reloader::Reply reply);
  void configuration_read(const std::string& trouble);
  void put_in_force(Reloader::Configuration configuration, std::function<void()> done);
  bool put_part_in_force(const Reloader::Configuration& whole, ServiceChange& part);
  void put_in_force(ServiceChange services, discovery::NameWatch::Ask ask);
  // Calls `then` when lookups see all that the monitor knows.
  void when_in_force(std::function<void()> then);
  void tell(const Notice& notice);
  void tell_unresolved();
  std::function<void(const std::string& trouble)> trouble_of(
      const char* part, spdlog::level::level_enum level = spdlog::level::warn);
  void await_signal();
  boost::asio::awaitable<void> renew_lease();
  std::string status() const;

  // In this order: a member uses only those above it, and is destroyed before them.
  Options options_;
  WallTime started_;
  publish::RuntimeFolder runtime_folder_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  Worker disk_;  // writes to the state folder, whose disk may be slow
  SteadyClock clock_;
  probes::Prober prober_;
  std::optional<Inheritance> inheritance_;  // until ready
  discovery::NameWatch names_;
  Monitor monitor_;
  Publisher publisher_;
  Hints hints_;
  OverrideControl override_control_;
  FailbackControl failback_control_;
  OperatorSide operator_side_;
  connections::Closer closer_;
  ClosingControl closing_control_;
  StateFile state_file_;
  std::optional<fleet::Follower> fleet_;       // unset: this host stands alone
  std::optional<fleet::Registrar> registrar_;  // unset: nothing was to be registered ever
  std::optional<fleet::Forgetter> forgetter_;  // as fleet_
  std::unique_ptr<Alarm> stop_;                // set while hlbd is about to end
  network::RouteWatch routes_;
  std::optional<publish::PeerSocket> peer_socket_;
  Notifier notifier_;
  Reloader reloader_;
  std::vector<std::function<void()>> awaiting_force_;  // see when_in_force()
  bool ready_ = false;
  Scope scope_;
};

}  // namespace hlb
