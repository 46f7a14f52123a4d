// What operators say of backends for all hosts of the fleet, as it stands in etcd.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/fleet/desk.h"
#include "ctl/targets.h"
#include "fleet/catalog.h"
#include "operators/report.h"

namespace hlb::ctl {

// Reads the catalog when it is made. Needs no hlbd on this host. Throws a Failure when etcd can't
// be reached, or refuses.
class FleetOverrides {
 public:
  FleetOverrides(const Settings& settings, const EtcdIdentity& identity);

  // What words can mean: services of the fleet's, and their backends.
  WhatThereIs what_there_is() const;

  // What would be changed by an override of this kind, or by clearing what there is for "".
  // "Answered" is who isn't taken out by overrides of the fleet: how backends are hosts know.
  std::vector<OverridePreview> preview(const Targets& targets, const std::string& kind) const;

  // Changes what the plan says, for so long (0: until it is cleared), and notes `what` in the
  // fleet's log.
  void write(const std::vector<OverridePreview>& plan, std::chrono::milliseconds span,
             const std::string& reason, const std::string& what);

 private:
  const fleet::FleetOverride* in_force(std::string_view service, const Address& address) const;
  std::vector<fleet::Transaction::Write> removals_of_ended() const;

  EngineDesk desk_;
  fleet::Catalog catalog_;
};

}  // namespace hlb::ctl
