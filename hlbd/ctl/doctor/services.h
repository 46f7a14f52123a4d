// The names of services, and what stands in the way of one name.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/order.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// The names to look at, and whether somebody has asked for just these.
struct NamesToCheck {
  std::vector<std::string> names;
  bool asked = false;
};

// NamesToCheck asked for that are no service's; services whose names go to the next source just
// now.
Findings check_services(const NamesToCheck& names, const Published& table);

// NamesToCheck that /etc/hosts has: any service's, or of those asked for.
Findings check_hosts_file(const Host& machine, const NamesToCheck& names, const Published& table,
                          const SourceOrder& order);

// NamesToCheck that the servers of /etc/resolv.conf know. Asks for the first few, within two
// seconds.
Findings check_dns(const NamesToCheck& names, const Published& table, const SourceOrder& order);

}  // namespace hlb::ctl::doctor
