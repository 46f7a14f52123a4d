#include "operators/bus/manager_object.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <tl/expected.hpp>
#include <utility>

#include "health/target_list.h"
#include "libnss_hlb/bus.h"
#include "operators/bus/backend_object.h"
#include "operators/bus/fleet_encoding.h"
#include "operators/bus/versions.h"

namespace hlb::bus {
namespace {

constexpr std::size_t kMaxReason = 1000;      // bytes of an override's reason
constexpr std::size_t kMaxTarget = 1000;      // no service and address are longer together
constexpr std::size_t kMaxTargets = 262'144;  // bytes of several targets

// Cuts what the caller sent to what is worth showing.
std::string shown(const std::string& text) {
  return text.substr(0, kMaxTarget);
}

Refusal no_such_service(const std::string& name) {
  return {Refusal::Kind::no_such_service, shown(name) + ": no service has this name"};
}

tl::unexpected<Refusal> fault(std::string message) {
  return refuse(Refusal::Kind::invalid_arguments, std::move(message));
}

// Refuses targets that are too long, before all else: callers send as much as the bus takes. Those
// with wildcards may be compared with all there is.
tl::expected<std::string, Refusal> target_of(std::string sent) {
  if (sent.size() > kMaxTargets) return fault("the target is longer than 262144 bytes");
  if (TargetList(sent).wildcard_bytes() > kMaxTarget) {
    return fault("the targets with wildcards are longer than 1000 bytes");
  }
  return sent;
}

tl::expected<OverrideKind, Refusal> kind_of(const std::string& name) {
  if (const auto kind = override_kind_named(name)) return *kind;
  return fault("\"" + shown(name) + "\" is no override: give drain, maintenance, up or down");
}

// Reads a duration as callers send it, in microseconds, of which 0 means none.
tl::expected<std::chrono::milliseconds, Refusal> milliseconds_of(std::uint64_t duration) {
  constexpr std::uint64_t kLongest = std::chrono::microseconds(std::chrono::days(3650)).count();
  if (duration > kLongest) return fault("the duration is longer than ten years; give 0 for none");
  if (duration > 0 && duration < 1000) return fault("the duration is shorter than a millisecond");
  return std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::microseconds(static_cast<std::chrono::microseconds::rep>(duration)));
}

// The arguments of SetOverride as a request; the user isn't known yet.
tl::expected<OverrideRequest, Refusal> request_of(std::string sent_target, const std::string& kind,
                                                  std::uint64_t duration, std::string reason) {
  auto target = target_of(std::move(sent_target));
  if (!target) return tl::unexpected(std::move(target).error());
  const auto named = kind_of(kind);
  if (!named) return tl::unexpected(named.error());
  const auto lasting = milliseconds_of(duration);
  if (!lasting) return tl::unexpected(lasting.error());
  if (reason.size() > kMaxReason) return fault("the reason is longer than 1000 bytes");
  return OverrideRequest{.target = *std::move(target),
                         .kind = *named,
                         .duration = *lasting,
                         .reason = std::move(reason),
                         .user = 0};
}

}  // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection, LoopSide& loop,
                             std::function<void()> on_ready)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(kPath)),
      loop_(loop),
      told_(loop.overview()),
      told_troubles_(loop.troubles()),
      connection_lists_(loop, std::move(on_ready)),
      authority_(connection) {
  registerAdaptor();
}

ManagerObject::~ManagerObject() {
  unregisterAdaptor();
}

// ---- what it tells by itself -------------------------------------------------------------------

void ManagerObject::announce(const Event& event) {
  const std::uint64_t at = timestamp(event.at);
  if (event.user) emitChangedByUser(named_values_of(event));
  if (event.what == Event::What::override) {
    emitOverrideChanged(at, event.service, event.address, event.before, event.now, event.reason);
  } else if (event.what == Event::What::serving) {
    emitServingChanged(at, event.service, event.before, event.now, event.reason);
  } else if (event.address.empty()) {
    emitServiceChanged(at, event.service, event.before, event.now);
  } else {
    emitBackendChanged(at, event.service, event.address, event.before, event.now, event.reason);
  }
}

void ManagerObject::tell_overview() {
  const Overview before = std::exchange(told_, loop_.overview());
  std::vector<std::string> troubles = loop_.troubles();
  BusNames changed;
  if (before.services != told_.services) changed.texts.push_back("Services");
  if (before.services_down != told_.services_down) changed.texts.push_back("ServicesDown");
  if (before.backends != told_.backends) changed.texts.push_back("Backends");
  if (before.backends_up != told_.backends_up) changed.texts.push_back("BackendsUp");
  if (troubles != told_troubles_) changed.texts.push_back("Degraded");
  told_troubles_ = std::move(troubles);
  if (changed.texts.empty()) return;
  getObject().emitPropertiesChangedSignal(kManagerInterface, changed);
}

// ---- what everybody may ask --------------------------------------------------------------------

std::vector<ServiceRow::Struct> ManagerObject::ListServices() {
  return ServiceRow::of_all(loop_.services());
}

std::vector<ServingRow::Struct> ManagerObject::ListServing() {
  auto services = loop_.services();
  std::erase_if(services, [](const ServiceReport& each) { return each.serving.empty(); });
  return ServingRow::of_all(std::move(services));
}

std::vector<BackendReport> ManagerObject::backends_of(const std::string& service) const {
  if (service.size() > kMaxTarget) throw to_bus_error(no_such_service(service));
  auto backends = service.empty() ? std::optional(loop_.all_backends()) : loop_.backends(service);
  if (!backends) throw to_bus_error(no_such_service(service));
  return *std::move(backends);
}

std::vector<BackendRow::Struct> ManagerObject::ListBackends(const std::string& service) {
  return BackendRow::of_all(backends_of(service));
}

std::vector<LeftOutRow::Struct> ManagerObject::ListLeftOut(const std::string& service) {
  auto backends = backends_of(service);
  std::erase_if(backends,
                [](const BackendReport& each) { return !each.suspect && !each.held_back; });
  return LeftOutRow::of_all(std::move(backends));
}

ManagerObject::Properties ManagerObject::GetBackend(const std::string& service,
                                                    const std::string& address) {
  const bool too_long = service.size() + address.size() > kMaxTarget;
  if (too_long || loop_.service(service) == nullptr) throw to_bus_error(no_such_service(service));
  const BackendFacts* backend = loop_.backend(service, address);
  if (backend == nullptr) {
    throw to_bus_error(
        {Refusal::Kind::no_such_backend, service + " has no backend " + shown(address)});
  }
  return properties_of(*backend);
}

std::string ManagerObject::FindService(const std::string& name) {
  auto service = loop_.service_of(name);
  if (!service) throw to_bus_error(no_such_service(name));
  return *std::move(service);
}

std::vector<EventRow::Struct> ManagerObject::ListEvents(const std::uint32_t& most) {
  return EventRow::of_all(loop_.events(most));
}

ManagerObject::Properties ManagerObject::GetFleet() {
  return properties_of(loop_.fleet());
}

std::vector<AliasRow::Struct> ManagerObject::ListAliases() {
  return AliasRow::of_all(loop_.aliases());
}

std::vector<PreviewRow::Struct> ManagerObject::PreviewOverride(const std::string& target,
                                                               const std::string& kind) {
  const auto targets = target_of(target);
  if (!targets) throw to_bus_error(targets.error());
  PreviewRequest request{.targets = TargetList(*targets), .kind = std::nullopt};
  if (!kind.empty()) {
    const auto named = kind_of(kind);
    if (!named) throw to_bus_error(named.error());
    request.kind = *named;
  }
  return PreviewRow::of_all(loop_.preview(request));
}

std::vector<NamedValues> ManagerObject::GetEvents(const std::uint32_t& most) {
  const std::vector<Event> events = loop_.events(most);
  std::vector<NamedValues> told(events.size());
  std::ranges::transform(events, told.begin(), named_values_of);
  return told;
}

void ManagerObject::ListConnections(ConnectionLists::Result&& result, std::string service) {
  if (service.size() > kMaxTarget) {
    return result.returnError(to_bus_error(no_such_service(service)));
  }
  connection_lists_.ask(std::move(result), std::move(service));
}

std::uint64_t ManagerObject::StartedAt() {
  return timestamp(loop_.identity().started);
}

// ---- what some may change ----------------------------------------------------------------------

template <typename Result, typename Act>
void ManagerObject::if_allowed(Result&& result, Act act) {
  auto kept = std::make_shared<Result>(std::forward<Result>(result));
  authority_.ask(
      sender_of_call(getObject()), [kept, act = std::move(act)](std::optional<std::uint32_t> user) {
        if (user) return act(kept, *user);
        kept->returnError(to_bus_error({Refusal::Kind::access_denied, Authority::kWhoMay}));
      });
}

template <typename Result, typename Answer>
auto ManagerObject::answer_later(const Calls<Result>& calls, std::shared_ptr<Result> call,
                                 Answer answer) {
  const auto kept = calls->insert(calls->end(), std::move(call));
  return [weak = std::weak_ptr(calls), kept, answer](const auto& outcome) {
    const auto still = weak.lock();
    if (!still) return;
    try {
      answer(**kept, outcome);
    } catch (const sdbus::Error&) {
      // The bus is gone, which its session is about to see.
    }
    still->erase(kept);
  };
}

namespace {

void answer_change(const sdbus::Result<std::uint32_t>& result, const Changed& changed) {
  if (!changed) return result.returnError(to_bus_error(changed.error()));
  result.returnResults(*changed);
}

void answer_preview(const sdbus::Result<std::vector<ServicePreviewRow::Struct>>& result,
                    const ReloadPreviewed& previewed) {
  if (!previewed) return result.returnError(to_bus_error(previewed.error()));
  result.returnResults(ServicePreviewRow::of_all(*previewed));
}

void answer_reload(const sdbus::Result<>& result, const Reloaded& reloaded) {
  if (!reloaded) return result.returnError(to_bus_error(reloaded.error()));
  result.returnResults();
}

}  // namespace

void ManagerObject::SetOverride(Counted&& result, std::string target, std::string kind,
                                std::uint64_t duration, std::string reason) {
  auto request = request_of(std::move(target), kind, duration, std::move(reason));
  if (!request) return result.returnError(to_bus_error(request.error()));
  if_allowed(std::move(result),
             [this, wanted = *std::move(request)](const auto& call, std::uint32_t user) {
               OverrideRequest of_user = wanted;
               of_user.user = user;
               loop_.set_override(std::move(of_user), answer_later(changes_, call, answer_change));
             });
}

void ManagerObject::ClearOverride(Counted&& result, std::string sent_target) {
  const auto target = target_of(std::move(sent_target));
  if (!target) return result.returnError(to_bus_error(target.error()));
  if_allowed(std::move(result), [this, target](const auto& call, std::uint32_t user) {
    loop_.clear_override({*target, user}, answer_later(changes_, call, answer_change));
  });
}

void ManagerObject::Failback(Counted&& result, std::string service) {
  if (service.size() > kMaxTarget) {
    return result.returnError(to_bus_error(no_such_service(service)));
  }
  if_allowed(std::move(result), [this, service](const auto& call, std::uint32_t user) {
    loop_.fail_back({service, user}, answer_later(changes_, call, answer_change));
  });
}

void ManagerObject::CloseConnections(Counted&& result, std::string sent_target,
                                     std::uint64_t idle_us) {
  const auto target = target_of(std::move(sent_target));
  if (!target) return result.returnError(to_bus_error(target.error()));
  const auto idle = milliseconds_of(idle_us);
  if (!idle) return result.returnError(to_bus_error(idle.error()));
  if_allowed(std::move(result), [this, target, idle](const auto& call, std::uint32_t user) {
    loop_.close_connections({*target, *idle, user}, answer_later(changes_, call, answer_change));
  });
}

void ManagerObject::PreviewReload(Previewed&& result) {
  if_allowed(std::move(result), [this](const auto& call, std::uint32_t /*user*/) {
    loop_.preview_reload(answer_later(previews_, call, answer_preview));
  });
}

void ManagerObject::Reload(sdbus::Result<>&& result) {
  if_allowed(std::move(result), [this](const auto& call, std::uint32_t /*user*/) {
    loop_.reload(answer_later(reloads_, call, answer_reload));
  });
}

}  // namespace hlb::bus
