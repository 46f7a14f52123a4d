#include "ctl/status/snapshot.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hlb::ctl {
namespace {

constexpr char kMaintenance[] = "maintenance";

// The list says of an override only which one it is.
void complete_overrides(Client& client, std::vector<BackendReport>& backends) {
  for (BackendReport& backend : backends) {
    if (!backend.override.kind.empty()) backend.override = client.override_of(backend);
  }
}

std::vector<Listed> join(std::vector<ServiceReport> services, std::vector<BackendReport> backends) {
  std::vector<Listed> joined;
  joined.reserve(services.size());
  for (ServiceReport& service : services)
    joined.push_back({std::move(service), {}});
  std::unordered_map<std::string_view, Listed*> by_name;
  for (Listed& each : joined)
    by_name.emplace(each.service.name, &each);
  for (BackendReport& backend : backends) {
    const auto found = by_name.find(backend.service);
    if (found != by_name.end()) found->second->backends.push_back(std::move(backend));
  }
  return joined;
}

}  // namespace

std::vector<BackendReport> backends_of(Client& client, const std::string& service) {
  std::vector<BackendReport> backends = client.backends(service);
  complete_overrides(client, backends);
  return backends;
}

Snapshot take_snapshot(Client& client, const std::string& name) {
  Snapshot snapshot;
  snapshot.hlbd = client.daemon();
  const std::string service = name.empty() ? "" : client.find_service(name);
  std::vector<ServiceReport> services = client.services();
  if (!service.empty())
    std::erase_if(services, [&](const ServiceReport& each) { return each.name != service; });
  snapshot.services = join(std::move(services), backends_of(client, service));
  return snapshot;
}

Standing standing(const ServiceReport& service, const std::vector<BackendReport>& backends) {
  const auto maintained = [](const BackendReport& backend) {
    return backend.override.kind == kMaintenance;
  };
  if (!backends.empty() && std::ranges::all_of(backends, maintained)) return Standing::whole;
  if (service.state == "unknown") return Standing::partial;
  if (service.state == "down" || service.answered == 0) return Standing::none;
  return service.state == "up" ? Standing::whole : Standing::partial;
}

bool has_override(const std::vector<BackendReport>& backends) {
  return std::ranges::any_of(
      backends, [](const BackendReport& backend) { return !backend.override.kind.empty(); });
}

int exit_code(const Snapshot& snapshot) {
  Standing worst = Standing::whole;
  for (const Listed& each : snapshot.services)
    worst = std::max(worst, standing(each.service, each.backends));
  return static_cast<int>(worst);
}

}  // namespace hlb::ctl
