// Whether this host can follow its fleet, and etcd is as a fleet needs it.
#pragma once

#include "ctl/command.h"
#include "ctl/doctor/daemon.h"
#include "ctl/doctor/finding.h"

namespace hlb::ctl::doctor {

// Finds what keeps hlbd from following, by its own word; certificates that can't be used, or end
// soon; members of etcd that don't answer, refuse, or are of another cluster; an etcd that keeps
// all revisions; and allow-lists that let nothing through. Nothing if the configuration, which is
// hlbd's if that is on the bus, has no [fleet]. Takes two seconds at most.
Findings check_fleet(const Settings& settings, const OnBus& bus);

}  // namespace hlb::ctl::doctor
