// The names of services, and what stands in the way of one name.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/machine.h"
#include "ctl/doctor/order.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// The names to look at, and whether somebody has asked for just these.
struct Names {
  std::vector<std::string> names;
  bool asked = false;
};

// Names asked for that are no service's; services whose names go to the next source just now.
Findings check_services(const Names& names, const Published& table);

// Names that /etc/hosts has: any service's, or of those asked for.
Findings check_hosts_file(const Machine& machine, const Names& names, const Published& table,
                          const Order& order);

// Names that the servers of /etc/resolv.conf know. Asks for the first few, within two seconds.
Findings check_dns(const Names& names, const Published& table, const Order& order);

}  // namespace hlb::ctl::doctor
