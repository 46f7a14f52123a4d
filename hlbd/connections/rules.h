// Whether connections to a backend may be ended: hlbd takes nobody's last resort away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "engine/monitor.h"
#include "text/address.h"
#include "text/endpoint.h"

namespace hlb::connections {

// The services that say at which ports they are used, whatever their checks.
std::vector<std::size_t> services_with_close_ports(const Monitor& monitor);

// Tells of places whether some service needs them. Decides once for each place, as very many
// services may have one: to be made anew every now and then, and when services have changed.
class PlacesInUse {
 public:
  // Whether a service, by its place, needs its backend.
  using Needs = std::function<bool(std::size_t service, const WatchedBackend& backend)>;

  // All must outlive it. `with_close_ports`: as above.
  PlacesInUse(const Monitor& monitor, std::span<const std::size_t> with_close_ports, Needs needs)
      : monitor_(monitor), with_close_ports_(with_close_ports), needs_(std::move(needs)) {}

  bool has(const Endpoint& place);

 private:
  bool is_needed(const Endpoint& place) const;

  const Monitor& monitor_;
  std::span<const std::size_t> with_close_ports_;
  Needs needs_;
  std::map<Endpoint, bool> known_;
};

// Where any service has the address up, or unknown.
PlacesInUse places_alive(const Monitor& monitor, std::span<const std::size_t> with_close_ports);

// Whether a service, by its place, is among those that an operator means with this backend.
using Meant = std::function<bool(std::size_t service, const Address& backend)>;

// Where any service that isn't meant has the address in use, up or unknown, and not withdrawn.
PlacesInUse places_used_by_others(const Monitor& monitor,
                                  std::span<const std::size_t> with_close_ports, Meant meant);

// The ports of a backend at which connections may be ended now; empty if none may:
// - unless its service wants that, and its checks have found it down;
// - while an operator has it drained, in maintenance or forced up;
// - while it is answered all the same, or no other backend of its family is;
// - at a port where it is alive, as some other service has it. A service that nothing is known of
//   but the address counts at every port.
// In a mass failure nothing may be ended at all; see Monitor::amid_mass_failure().
std::vector<std::uint16_t> ports_to_close(const Monitor& monitor, std::size_t service,
                                          const Address& backend, PlacesInUse& alive);

// The ports of a backend at which an operator may have connections ended: where its service is
// used, and no other.
std::vector<std::uint16_t> ports_to_clear(const Monitor& monitor, std::size_t service,
                                          const BackendSpec& backend, PlacesInUse& used_by_others);

}  // namespace hlb::connections
