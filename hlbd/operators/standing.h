// How well services and backends stand, as operators are shown it. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "operators/report.h"

namespace hlb {

// How well a service stands. Backends in maintenance don't count, and a service that has no others
// is whole.
enum class Standing : std::uint8_t {
  whole,    // all backends are up
  partial,  // some aren't, or are being checked for the first time
  none,     // no backend is up, or lookups are given none
};

Standing standing(const ServiceReport& service, bool all_in_maintenance);

// The order in which services are shown, the worst first; those of the same rank stand in the order
// of the configuration.
enum class Rank : std::uint8_t {
  none,
  partial,
  remarkable,  // whole, but some backend is remarkable
  healthy,
};

Rank rank(Standing standing, bool has_remarkable);

// Whether there is something to tell of the backend by itself: it isn't up, is suspect or held
// back, or has an override.
bool is_remarkable(const BackendReport& backend);

// Whether it is remarkable, or passed over though it is no standby. `all` are its service's.
bool is_wrong(const BackendReport& backend, std::span<const BackendReport> all);

// Whether the backend is up and has a weight, but isn't answered now.
bool is_passed_over(const BackendReport& backend);

// Whether it would be answered if backends of a better priority weren't. `all` are its service's.
bool is_standby(const BackendReport& backend, std::span<const BackendReport> all);

bool is_in_maintenance(const BackendReport& backend);

}  // namespace hlb
