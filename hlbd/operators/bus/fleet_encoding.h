// How a host stands in its fleet, as the bus carries it, for both of its ends.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "operators/bus/encoding.h"
#include "operators/report.h"

namespace hlb::bus {

using FleetProperties = std::map<std::string, sdbus::Variant>;
using RefusedRow =
    Row<FleetReport::Refused, &FleetReport::Refused::key, &FleetReport::Refused::reason>;

// Calls `visit` with each property's name and the report's member.
template <typename Report, typename Visit>
void visit_properties(Report& fleet, Visit visit) {
  visit("State", fleet.state);
  visit("Fault", fleet.fault);
  visit("Endpoint", fleet.endpoint);
  visit("Since", fleet.since);
  visit("LastSign", fleet.last_sign);
  visit("Cluster", fleet.cluster);
  visit("Revision", fleet.revision);
  visit("Keys", fleet.keys);
  visit("Held", fleet.held);
  visit("HeldSince", fleet.held_since);
}

// Empty for a host that stands alone.
inline FleetProperties properties_of(FleetReport fleet) {
  FleetProperties properties;
  if (fleet.state.empty()) return properties;
  visit_properties(fleet, [&](const char* name, auto& member) {
    properties.emplace(name, sdbus::Variant(encoded(member)));
  });
  properties.emplace("Refused", sdbus::Variant(RefusedRow::of_all(std::move(fleet.refused))));
  return properties;
}

inline FleetReport fleet_report_of(const FleetProperties& properties) {
  FleetReport fleet;
  visit_properties(fleet, [&](const char* name, auto& member) {
    const auto found = properties.find(name);
    if (found == properties.end()) return;
    auto told = found->second.template get<std::decay_t<decltype(encoded(member))>>();
    decode(told, member);
  });
  const auto refused = properties.find("Refused");
  if (refused == properties.end()) return fleet;
  fleet.refused = RefusedRow::reports_of(refused->second.get<std::vector<RefusedRow::Struct>>());
  return fleet;
}

}  // namespace hlb::bus
