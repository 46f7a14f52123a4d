// The checks of a service: one table [service.check], or several [[service.check]].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

inline constexpr std::size_t kMaxChecks = 16;  // of one service

struct PlacedCheck {
  CheckSpec spec;
  std::string_view table;   // what messages call the table it is written in; never freed
  bool lacks_port = false;  // it needs one and names none, not even one with a fault
};

// Notes faults, two equal checks among them. `service` is the service's name.
std::vector<PlacedCheck> read_checks(const Value& checks, const std::string& service,
                                     Faults& faults);

}  // namespace hlb::config
