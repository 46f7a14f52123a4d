#include "operators/operator_side.h"

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "operators/control/resolve.h"
#include "system/deliver.h"
#include "system/host.h"

namespace hlb {

OperatorSide::OperatorSide(boost::asio::io_context& io, bus::Identity identity,
                           const Monitor& monitor, const Publisher& publisher, const Clock& clock,
                           std::function<Hooks::Programs()> programs,
                           std::function<FleetReport()> fleet)
    : io_(io),
      identity_(std::move(identity)),
      monitor_(monitor),
      publisher_(publisher),
      change_lines_(io.get_executor()),
      troubles_([this] {
        if (bus_) bus_->overview_changed();
      }),
      census_(io.get_executor(), clock),
      directory_(monitor, publisher, clock, events_, troubles_, census_, fleet),
      hooks_(io.get_executor(), std::move(programs)),
      telemetry_(io.get_executor(), clock, monitor, census_, std::move(fleet),
                 [this](const std::string& trouble) { troubles_.set("counts", trouble); }),
      user_names_(deliver_to(io.get_executor())),
      web_(io.get_executor(), telemetry_,
           {.directory = directory_,
            .identity = identity_,
            .host = host_name(),
            .name_of_user = name_user()},
           [this](const std::string& trouble) { troubles_.show("metrics", trouble); }) {}

NameUser OperatorSide::name_user() {
  return [this](std::uint32_t user) { return user_names_.name(user); };
}

void OperatorSide::configure(const Config& config) {
  web_.serve_at(config.metrics);
  telemetry_.count_connections(config.metrics && config.count_connections);
  hooks_.configure({.command = config.on_change, .user = config.on_change_user});
}

void OperatorSide::join_bus(bus::BusKind kind, bus::Control control) {
  const auto resolve_counted = [this](std::string_view name, int family) {
    auto answer = resolve(publisher_.table(), name, family);
    telemetry_.looked_up(answer);
    return answer;
  };
  // Has names ready by the time that they are told.
  const auto name =
      [this]<typename Request>(std::function<void(Request, bus::Control::ChangeReply)>& act) {
        act = [this, then = std::move(act)](Request request, bus::Control::ChangeReply reply) {
          user_names_.look_up(request.user);
          then(std::move(request), std::move(reply));
        };
      };
  name(control.set_override);
  name(control.clear_override);
  name(control.fail_back);
  name(control.close_connections);
  control.count_connections = [this](const bus::Control::CountReply& reply) {
    census_.ask([reply](const connections::Counted& counted) {
      if (counted) return reply({});
      reply(refuse(Refusal::Kind::not_possible, counted.error()));
    });
  };
  bus_.emplace(
      io_, kind, bus::Offer{identity_, resolve_counted, directory_, std::move(control)},
      [](const std::string& trouble) { spdlog::warn("{}; lookups go on without it", trouble); });
}

void OperatorSide::ready() {
  user_names_.look_up(0);                                         // who most often is who
  for (const auto& [key, override] : monitor_.overrides().all())  // those that were restored
    user_names_.look_up(override.set_by);
  web_.ready();
}

void OperatorSide::configured() {
  directory_.configured();
  if (bus_) bus_->configured();
  show_who_may_close();
}

// Has counts of closings begin at zero, or a rate would miss the first. Where very many services
// want it, each has its count from its first closing on: to make them all would hold the loop.
void OperatorSide::show_who_may_close() {
  constexpr std::size_t kMost = 1000;
  if (monitor_.list()->sums().closing == 0) return;
  std::size_t shown = 0;
  for (const ServiceSpec& service : monitor_.services()) {
    if (service.close_connections == CloseConnections::never) continue;
    if (++shown > kMost) return;
    telemetry_.counted().may_close_connections(service.name);
  }
}

void OperatorSide::changed(const BackendChange& change) {
  const Override* const override =
      monitor_.override_of(change.service.name, change.backend.address);
  const bool quietly = override != nullptr && override->kind == OverrideKind::maintenance;
  if (change_lines_.shows(change, quietly)) log_change(change, quietly);
  telemetry_.changed(change);
  if (!quietly) {
    hooks_.transition(change.service, change.backend, change.before, change.now, change.reason);
  }
  tell(event_of(change));
}

void OperatorSide::changed(const OverrideChange& change) {
  Event event = event_of(change);
  if (change_lines_.shows_override()) log_override(event, name_user());
  telemetry_.counted().changed(metrics::Cause::override);
  tell(std::move(event));
  if (change.before != nullptr && change.before->kind == OverrideKind::maintenance) {
    tell_hooks_after_maintenance(change.key, *change.before);
  }
}

void OperatorSide::closed(const connections::Closing& closing) {
  log_closing(closing, name_user());
  telemetry_.counted().closed_connections(closing.service, closing.connections);
}

// Tells, once maintenance is over, what happened during it.
void OperatorSide::tell_hooks_after_maintenance(const Overrides::Key& key,
                                                const Override& maintenance) {
  const auto service = monitor_.find(key.service);
  const auto place = service ? monitor_.watched()[*service].find(key.backend) : std::nullopt;
  if (!place) return;
  const WatchedBackend& backend = monitor_.watched()[*service].backends[*place];
  if (backend.state == maintenance.state_then) return;
  hooks_.transition(monitor_.services()[*service], backend.spec, maintenance.state_then,
                    backend.state, "changed during maintenance");
}

void OperatorSide::published(std::span<const Refreshed> services) {
  telemetry_.published(publisher_.publications());
  for (const Refreshed& each : services) {
    tell(VerdictChange{.verdict = monitor_.verdicts()[each.service],
                       .before = each.before,
                       .failback = monitor_.watched()[each.service].failback.get()});
  }
  if (bus_ && !services.empty()) bus_->overview_changed();
}

void OperatorSide::tell(const VerdictChange& change) {
  if (change.of_state()) tell(state_event_of(change));
  if (change.holds_back() && change_lines_.shows_serving()) log_hold(change);
  if (!change.of_serving()) return;
  Event event = serving_event_of(change);
  if (change_lines_.shows_serving()) log_serving(change, event, name_user());
  tell(std::move(event));
}

void OperatorSide::tell(Event event) {
  events_.add(event);
  if (bus_) bus_->announce(std::move(event));
}

}  // namespace hlb
