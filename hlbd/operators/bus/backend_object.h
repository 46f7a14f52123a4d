// org.hlb1.Backend, one object for each backend of each service. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "operators/bus/encoding.h"
#include "operators/bus/loop_side.h"

namespace hlb::bus {

// Used by the bus's thread alone. The connection and the loop's side must outlive it.
class BackendObject final
    : public sdbus::AdaptorInterfaces<org::hlb1::Backend_adaptor, sdbus::ManagedObject_adaptor> {
 public:
  BackendObject(sdbus::IConnection& connection, LoopSide& loop, std::string service,
                std::string address);
  ~BackendObject();
  BackendObject(const BackendObject&) = delete;
  BackendObject& operator=(const BackendObject&) = delete;

  void changed();

 private:
  // Facts that are true of it now; empty if it has gone.
  const BackendFacts& facts() const;
  const BackendReport& report() const { return facts().report; }

  std::string Service() override { return service_; }
  std::string Address() override { return address_; }
  std::uint32_t Weight() override { return report().weight; }
  std::uint16_t Priority() override { return report().priority; }
  std::string State() override { return report().state; }
  bool Suspect() override { return report().suspect; }
  bool HeldBack() override { return report().held_back; }
  std::uint64_t Since() override;
  std::string Reason() override { return report().reason; }
  OverrideRow::Struct Override() override;
  bool OverrideOfFleet() override { return report().override.of_fleet.has_value(); }
  std::string OverrideBy() override { return report().override.of_fleet.value_or(""); }
  std::uint32_t WeightPercent() override { return report().weight_percent; }
  std::vector<CheckRow::Struct> Checks() override;

  LoopSide& loop_;
  std::string service_;
  std::string address_;
};

// The properties that BackendObject has, made of facts that are at hand.
std::map<std::string, sdbus::Variant> properties_of(const BackendFacts& facts);

}  // namespace hlb::bus
