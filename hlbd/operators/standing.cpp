#include "operators/standing.h"

#include <algorithm>

namespace hlb {

Standing standing(const ServiceReport& service, bool all_in_maintenance) {
  if (all_in_maintenance) return Standing::whole;
  if (service.state == "unknown") return Standing::partial;
  if (service.state == "down" || service.answered == 0) return Standing::none;
  return service.state == "up" ? Standing::whole : Standing::partial;
}

Rank rank(Standing standing, bool has_remarkable) {
  if (standing == Standing::none) return Rank::none;
  if (standing == Standing::partial) return Rank::partial;
  return has_remarkable ? Rank::remarkable : Rank::healthy;
}

bool is_remarkable(const BackendReport& backend) {
  return backend.state != "up" || backend.suspect || backend.held_back ||
         !backend.override.kind.empty();
}

bool is_wrong(const BackendReport& backend, std::span<const BackendReport> all) {
  return is_remarkable(backend) || (is_passed_over(backend) && !is_standby(backend, all));
}

bool is_passed_over(const BackendReport& backend) {
  return backend.state == "up" && backend.weight > 0 && backend.weight_percent == 0;
}

bool is_standby(const BackendReport& backend, std::span<const BackendReport> all) {
  return is_passed_over(backend) && std::ranges::any_of(all, [&](const BackendReport& other) {
           return other.priority < backend.priority && other.weight_percent > 0;
         });
}

bool is_in_maintenance(const BackendReport& backend) {
  return backend.override.kind == "maintenance";
}

}  // namespace hlb
