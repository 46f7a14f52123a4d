// Checks of single names: whether they are services', and what answers for them instead of hlb.
#pragma once

#include <string>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/order.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// The names to look at, and whether the operator has asked for just these.
struct NamesToCheck {
  std::vector<std::string> names;
  bool asked = false;
};

// Finds names asked for that are no service's, and services that have no healthy backend just now.
Findings check_services(const NamesToCheck& names, const Published& table);

// Finds names that /etc/hosts answers before hlb is asked: those asked for, or else any service's.
Findings check_hosts_file(const Host& machine, const NamesToCheck& names, const Published& table,
                          const SourceOrder& order);

// Finds names that the servers of /etc/resolv.conf know. Asks for the first few of many, in two
// seconds at most.
Findings check_dns(const NamesToCheck& names, const Published& table, const SourceOrder& order);

// Finds services below a search domain of /etc/resolv.conf: their short names are DNS's. Those that
// are asked for by a short name, or else any.
Findings check_search(const Host& machine, const NamesToCheck& names, const Published& table);

// The final proof: looks up each name, or the first few of many, in one new process, as often as it
// takes to judge the balance, in two seconds at most, and compares what that gets with the table.
Findings check_lookups(const Host& machine, const std::vector<std::string>& names,
                       const Published& table);

}  // namespace hlb::ctl::doctor
