#include "operators/bus/manager_object.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "libnss_hlb/bus.h"
#include "operators/bus/backend_object.h"
#include "operators/bus/bus_error.h"
#include "operators/bus/object_path.h"
#include "operators/bus/timestamp.h"
#include "operators/bus/versions.h"

namespace hlb::bus {
namespace {

constexpr std::size_t kMaxReason = 1000;  // bytes of an override's
constexpr std::size_t kMaxTarget = 1000;  // no service and address are longer together

// What the caller sent, as far as it is worth showing.
std::string shown(const std::string& text) {
  return text.substr(0, kMaxTarget);
}

Refusal no_such_service(const std::string& name) {
  return {Refusal::Kind::no_such_service, shown(name) + ": no service has this name"};
}

Refusal fault(std::string message) {
  return {Refusal::Kind::invalid_arguments, std::move(message)};
}

// Looked at before anything is done with what the caller sent, which may be as large as the bus
// takes.
std::optional<Refusal> fault_of_target(const std::string& target) {
  if (target.size() > kMaxTarget) return fault("the target is longer than 1000 bytes");
  return std::nullopt;
}

// What is wrong with a request, if anything is.
std::optional<Refusal> fault_of(const std::string& kind, std::uint64_t duration,
                                const std::string& reason) {
  constexpr std::uint64_t kLongest = std::chrono::microseconds(std::chrono::days(3650)).count();
  if (!override_kind_named(kind)) {
    return fault("\"" + shown(kind) + "\" is no override: give drain, maintenance, up or down");
  }
  if (duration > kLongest) return fault("the duration is longer than ten years; give 0 for none");
  if (duration > 0 && duration < 1000) return fault("the duration is shorter than a millisecond");
  if (reason.size() > kMaxReason) return fault("the reason is longer than 1000 bytes");
  return std::nullopt;
}

}  // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection, LoopSide& loop)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(kPath)),
      loop_(loop),
      told_(loop.overview()),
      told_troubles_(loop.troubles()),
      authority_(connection) {
  registerAdaptor();
}

ManagerObject::~ManagerObject() {
  unregisterAdaptor();
}

// ---- what it tells by itself -------------------------------------------------------------------

void ManagerObject::announce(const Event& event) {
  const std::uint64_t at = timestamp(event.at);
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

std::vector<ManagerObject::ServiceRow> ManagerObject::ListServices() {
  std::vector<ServiceRow> rows;
  for (ServiceReport& each : loop_.services()) {
    sdbus::ObjectPath path(service_path(each.name));
    rows.emplace_back(std::move(each.name), std::move(path), std::move(each.state), each.backends,
                      each.up, each.answered, timestamp(each.since));
  }
  return rows;
}

std::vector<ManagerObject::ServingRow> ManagerObject::ListServing() {
  std::vector<ServingRow> rows;
  for (ServiceReport& each : loop_.services()) {
    if (!each.serving.empty()) rows.emplace_back(std::move(each.name), std::move(each.serving));
  }
  return rows;
}

std::vector<ManagerObject::BackendRow> ManagerObject::ListBackends(const std::string& service) {
  if (service.size() > kMaxTarget) throw to_bus_error(no_such_service(service));
  auto backends = service.empty() ? std::optional(loop_.all_backends()) : loop_.backends(service);
  if (!backends) throw to_bus_error(no_such_service(service));
  std::vector<BackendRow> rows;
  rows.reserve(backends->size());
  for (BackendReport& each : *backends) {
    sdbus::ObjectPath path(backend_path(each.service, each.address));
    rows.emplace_back(std::move(each.service), std::move(each.address), std::move(path), each.port,
                      std::move(each.state), timestamp(each.since), std::move(each.reason),
                      std::move(each.override.kind), each.weight, each.weight_percent,
                      each.priority, std::move(each.outcomes));
  }
  return rows;
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

std::vector<ManagerObject::EventRow> ManagerObject::ListEvents(const std::uint32_t& most) {
  std::vector<EventRow> rows;
  for (const Event& each : loop_.events(most)) {
    rows.emplace_back(timestamp(each.at), each.service, each.address,
                      std::string(name_of(each.what)), each.before, each.now, each.reason);
  }
  return rows;
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
  if (const auto* refusal = std::get_if<Refusal>(&changed)) {
    result.returnError(to_bus_error(*refusal));
  } else {
    result.returnResults(std::get<std::uint32_t>(changed));
  }
}

void answer_reload(const sdbus::Result<>& result, const std::optional<Refusal>& refusal) {
  if (refusal) {
    result.returnError(to_bus_error(*refusal));
  } else {
    result.returnResults();
  }
}

}  // namespace

void ManagerObject::SetOverride(Counted&& result, std::string target, std::string kind,
                                std::uint64_t duration, std::string reason) {
  auto fault = fault_of_target(target);
  if (!fault) fault = fault_of(kind, duration, reason);
  if (fault) return result.returnError(to_bus_error(*fault));
  const OverrideRequest request{
      .target = std::move(target),
      .kind = *override_kind_named(kind),
      .duration = std::chrono::floor<std::chrono::milliseconds>(
          std::chrono::microseconds(static_cast<std::chrono::microseconds::rep>(duration))),
      .reason = std::move(reason)};
  if_allowed(std::move(result), [this, request](const auto& call, std::uint32_t user) {
    OverrideRequest of_user = request;
    of_user.user = user;
    loop_.set_override(std::move(of_user), answer_later(changes_, call, answer_change));
  });
}

void ManagerObject::ClearOverride(Counted&& result, std::string target) {
  if (const auto fault = fault_of_target(target)) return result.returnError(to_bus_error(*fault));
  if_allowed(std::move(result), [this, target](const auto& call, std::uint32_t /*user*/) {
    loop_.clear_override(target, answer_later(changes_, call, answer_change));
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

void ManagerObject::Reload(sdbus::Result<>&& result) {
  if_allowed(std::move(result), [this](const auto& call, std::uint32_t /*user*/) {
    loop_.reload(answer_later(reloads_, call, answer_reload));
  });
}

}  // namespace hlb::bus
