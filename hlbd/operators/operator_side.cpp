#include "operators/operator_side.h"

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "health/verdict.h"
#include "operators/change_log.h"
#include "operators/control/resolve.h"
#include "system/moment.h"

namespace hlb {
namespace {

std::string name_or_empty(const Override* override) {
  return override == nullptr ? "" : std::string(name_of(override->kind));
}

// The operator's own words, or why it ended.
std::string reason_of(const OverrideChange& change) {
  if (change.cause == OverrideChange::Cause::by_time) return "its time is over";
  return change.now == nullptr ? "" : change.now->reason;
}

Event event_of(const BackendChange& change) {
  return {.at = moment_now().wall,
          .service = change.service.name,
          .address = change.backend.address.to_string(),
          .what = Event::What::state,
          .before = std::string(name_of(change.before)),
          .now = std::string(name_of(change.now)),
          .reason = change.reason};
}

Event event_of(const OverrideChange& change) {
  return {.at = moment_now().wall,
          .service = change.key.service,
          .address = change.key.backend.to_string(),
          .what = Event::What::override,
          .before = name_or_empty(change.before),
          .now = name_or_empty(change.now),
          .reason = reason_of(change)};
}

}  // namespace

OperatorSide::OperatorSide(boost::asio::io_context& io, const Monitor& monitor,
                           const Publisher& publisher, const Clock& clock,
                           std::function<Hooks::Programs()> programs)
    : io_(io),
      monitor_(monitor),
      publisher_(publisher),
      first_states_(io.get_executor()),
      troubles_([this] {
        if (bus_) bus_->overview_changed();
      }),
      directory_(monitor, publisher, clock, events_, troubles_),
      hooks_(io.get_executor(), std::move(programs)),
      telemetry_(io.get_executor(), clock, monitor,
                 [this](const std::string& trouble) { troubles_.set("metrics", trouble); }) {}

void OperatorSide::configure(const Config& config) {
  telemetry_.serve_at(config.metrics);
  hooks_.configure({.command = config.on_change, .user = config.on_change_user});
}

void OperatorSide::join_bus(bus::BusKind kind, bus::Identity identity, bus::Control control) {
  const auto resolve_counted = [this](std::string_view name, int family) {
    auto answer = resolve(publisher_.table(), name, family);
    telemetry_.looked_up(answer);
    return answer;
  };
  bus_.emplace(
      io_, kind, bus::Offer{std::move(identity), resolve_counted, directory_, std::move(control)},
      [](const std::string& trouble) { spdlog::warn("{}; lookups go on without it", trouble); });
}

void OperatorSide::configured() {
  directory_.configured();
  if (bus_) bus_->configured();
}

void OperatorSide::changed(const BackendChange& change) {
  const auto kind = monitor_.overrides().kind_of(change.service.name, change.backend.address);
  const bool quietly = kind == OverrideKind::maintenance;
  if (change.before != State::unknown || first_states_.shows(change.now)) {
    log_change(change, quietly);
  }
  telemetry_.changed(change);
  if (!quietly) {
    hooks_.transition(change.service, change.backend, change.before, change.now, change.reason);
  }
  tell(event_of(change));
}

void OperatorSide::changed(const OverrideChange& change) {
  log_change(change, reason_of(change));
  telemetry_.counted().changed(metrics::Cause::override);
  tell(event_of(change));
  if (change.before != nullptr && change.before->kind == OverrideKind::maintenance) {
    tell_hooks_after_maintenance(change.key, *change.before);
  }
}

// What happened meanwhile is told when it is over.
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
    tell_change_of_service(each);
    tell_what_serves(each);
  }
  if (bus_ && !services.empty()) bus_->overview_changed();
}

// To come to be known at all is no change.
void OperatorSide::tell_change_of_service(const Refreshed& refreshed) {
  const ServiceState now = monitor_.verdicts()[refreshed.service].status.state;
  const ServiceState before = refreshed.before.state;
  if (now == before || before == ServiceState::unknown) return;
  tell({.at = moment_now().wall,
        .service = monitor_.services()[refreshed.service].name,
        .address = "",
        .what = Event::What::state,
        .before = std::string(name_of(before)),
        .now = std::string(name_of(now)),
        .reason = ""});
}

// Of a service with a rule for that.
void OperatorSide::tell_what_serves(const Refreshed& refreshed) {
  const ServiceVerdict& verdict = monitor_.verdicts()[refreshed.service];
  const Failback* const failback = monitor_.watched()[refreshed.service].failback.get();
  const ServingChange change{verdict, refreshed.before, failback};
  if (change.holds_back()) log_hold(change);
  if (!change.any()) return;
  const std::string reason = reason_of(change);
  log_change(change, reason);
  tell({.at = moment_now().wall,
        .service = verdict.spec->name,
        .address = "",
        .what = Event::What::serving,
        .before = to_string(*refreshed.before.serving),
        .now = to_string(*verdict.status.serving),
        .reason = reason});
}

void OperatorSide::tell(Event event) {
  events_.add(event);
  if (bus_) bus_->announce(std::move(event));
}

}  // namespace hlb
