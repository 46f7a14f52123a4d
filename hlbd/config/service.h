// One [[service]] table of a file → a service.
#pragma once

#include <string_view>

#include "config/document.h"
#include "config/hostname.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

// Notes what is wrong in `faults`, and the service's names in `names`. The service is of use only
// when no fault was noted.
ServiceSpec read_service(const Value& table, ClaimedNames& names, Faults& faults);

// Whether services have the key.
bool is_key_of_services(std::string_view key);

}  // namespace hlb::config
