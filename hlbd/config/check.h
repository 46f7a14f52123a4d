// The checks of a service: one table [service.check], or several [[service.check]], and its agent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

// Whether a check of some type has the key.
bool is_key_of_checks(std::string_view key);

inline constexpr std::size_t kMaxChecks = 16;  // of one service

struct PlacedCheck {
  CheckSpec spec;
  std::string_view table;   // what messages call its table; a literal
  bool lacks_port = false;  // it needs a port, and has no key "port"
};

// Notes faults, two equal checks among them. `service` is the service's name.
std::vector<PlacedCheck> read_checks(const Value& checks, const std::string& service,
                                     Faults& faults);

// The check by the table `agent` of a service. Notes faults; the check is of use only when none was
// noted.
CheckSpec read_agent(const Value& agent, const std::string& service, Faults& faults);

}  // namespace hlb::config
