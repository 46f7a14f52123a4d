#include "operators/standing.h"

#include <algorithm>

namespace hlb {

Standing standing(const ServiceReport& service, bool all_in_maintenance) {
  if (all_in_maintenance) return Standing::whole;
  if (service.state == "unknown") return Standing::partial;
  if (service.state == "down" || service.answered == 0) return Standing::none;
  return service.state == "up" ? Standing::whole : Standing::partial;
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
