#include "operators/bus/backend_object.h"

#include <utility>

#include "libnss_hlb/bus.h"
#include "operators/bus/object_path.h"
#include "operators/bus/versions.h"

namespace hlb::bus {

BackendObject::BackendObject(sdbus::IConnection& connection, LoopSide& loop, std::string service,
                             std::string address)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(backend_path(service, address))),
      loop_(loop),
      service_(std::move(service)),
      address_(std::move(address)) {
  registerAdaptor();
}

BackendObject::~BackendObject() {
  unregisterAdaptor();
}

void BackendObject::changed() {
  getObject().emitPropertiesChangedSignal(kBackendInterface,
                                          BusNames{{"State", "Since", "Reason", "Override"}});
}

const BackendFacts& BackendObject::facts() const {
  static const BackendFacts gone;
  const BackendFacts* found = loop_.backend(service_, address_);
  return found == nullptr ? gone : *found;
}

std::uint64_t BackendObject::Since() {
  return timestamp(report().since);
}

OverrideRow::Struct BackendObject::Override() {
  return OverrideRow::of(report().override);
}

std::vector<CheckRow::Struct> BackendObject::Checks() {
  return CheckRow::of_all(facts().checks);
}

std::map<std::string, sdbus::Variant> properties_of(const BackendFacts& facts) {
  const BackendReport& backend = facts.report;
  return {{"Service", sdbus::Variant(backend.service)},
          {"Address", sdbus::Variant(backend.address)},
          {"Weight", sdbus::Variant(backend.weight)},
          {"Priority", sdbus::Variant(backend.priority)},
          {"State", sdbus::Variant(backend.state)},
          {"Suspect", sdbus::Variant(backend.suspect)},
          {"HeldBack", sdbus::Variant(backend.held_back)},
          {"Since", sdbus::Variant(timestamp(backend.since))},
          {"Reason", sdbus::Variant(backend.reason)},
          {"Override", sdbus::Variant(OverrideRow::of(backend.override))},
          {"OverrideOfFleet", sdbus::Variant(backend.override.of_fleet.has_value())},
          {"OverrideBy", sdbus::Variant(backend.override.of_fleet.value_or(""))},
          {"WeightPercent", sdbus::Variant(backend.weight_percent)},
          {"Checks", sdbus::Variant(CheckRow::of_all(facts.checks))}};
}

}  // namespace hlb::bus
