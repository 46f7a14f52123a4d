// Whether connections to a backend may be ended: hlbd takes nobody's last resort away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/monitor.h"
#include "text/address.h"

namespace hlb::connections {

// The services that say at which ports they are used, whatever their checks.
std::vector<std::size_t> services_with_close_ports(const Monitor& monitor);

// The ports of a backend at which connections may be ended now; empty if none may:
// - unless its service wants that, and its checks have found it down;
// - while an operator has it drained, in maintenance or forced up;
// - while it is answered all the same, or no other backend of its family is;
// - at a port where some other service has that address up, or unknown. A service that nothing is
//   known of but the address counts at every port.
// In a mass failure nothing may be ended at all; see Monitor::amid_mass_failure().
std::vector<std::uint16_t> ports_to_close(const Monitor& monitor, std::size_t service,
                                          const Address& backend,
                                          std::span<const std::size_t> with_close_ports);

// Whether a service is among those that an operator means, by its place.
using Meant = std::function<bool(std::size_t service)>;

// The ports of a backend at which an operator may have connections ended: where its service is
// used, unless a service that isn't meant has the address in use there, up or unknown, and not
// withdrawn.
std::vector<std::uint16_t> ports_to_clear(const Monitor& monitor, std::size_t service,
                                          const BackendSpec& backend,
                                          std::span<const std::size_t> with_close_ports,
                                          const Meant& meant);

}  // namespace hlb::connections
