// The agent of a service: the table `agent`.
#pragma once

#include <string>

#include "config/document.h"
#include "config/reader.h"
#include "health/check_spec.h"

namespace hlb::config {

// Notes faults. What is returned is only of use when none was noted.
CheckSpec read_agent(const Value& agent, const std::string& service, Faults& faults);

}  // namespace hlb::config
