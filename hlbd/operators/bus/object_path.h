// The paths at which services and backends are found on the bus.
#pragma once

#include <string>
#include <string_view>

namespace hlb::bus {

// Encodes any text as one element of an object path, as sd_bus_path_encode(3) does: letters and
// digits stand for themselves, but for a digit at the start; each other byte is _ and two
// hexadecimal digits, and an empty text is _.
std::string path_element(std::string_view text);

// /org/hlb1/service/app_2elocal
std::string service_path(std::string_view service);
// /org/hlb1/service/app_2elocal/_310_2e0_2e0_2e1
std::string backend_path(std::string_view service, std::string_view address);

}  // namespace hlb::bus
