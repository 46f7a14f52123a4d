// What the log says of a change: one line for people, with fields by which the journal finds it.
#pragma once

#include <string>

#include "engine/monitor.h"
#include "health/failback.h"
#include "health/verdict.h"

namespace hlb {

// `quietly`: nobody is to be alarmed by it, see OverrideKind::maintenance.
void log_change(const BackendChange& change, bool quietly);

// What serves of a service may be other priorities than before. Valid during the call alone.
struct ServingChange {
  const ServiceVerdict& verdict;
  const ServiceStatus& before;
  const Failback* failback;  // nullptr: the service has no rule for that

  // Whether it is; to come to be known at all is no change.
  bool any() const;
  // Whether a better priority is healthy again, and is held back from now on.
  bool holds_back() const;
};

std::string reason_of(const ServingChange& change);
void log_change(const ServingChange& change, const std::string& reason);
void log_hold(const ServingChange& change);

// `reason`: the operator's own, or why it ended; may be empty.
void log_change(const OverrideChange& change, const std::string& reason);

}  // namespace hlb
