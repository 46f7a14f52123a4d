// What each member of the fleet's etcd says when it is asked, for hlbctl doctor.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "fleet/engine.h"

namespace hlb::ctl {

struct MemberLook {
  std::string endpoint;  // as configured
  std::string fault;     // why it didn't answer; empty: it did
  bool refuses = false;  // it is there, and doesn't let this user read
  fleet::Stand stand{};
  std::vector<fleet::Change> keys{};  // of the catalog
  bool keeps_all = false;             // nothing was ever compacted
};

// Asks all members at once, by the certificate of the configuration, for two seconds at most.
std::vector<MemberLook> look_at_members(const FleetConfig& config);

}  // namespace hlb::ctl
