#include "ctl/status/snapshot.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "system/user_name.h"

namespace hlb::ctl {
namespace {

// The backend by its service and address.
std::string key_of(const std::string& service, const std::string& address) {
  return service + "/" + address;
}

// Adds what the list of backends of `service`, or of all for "", lacks: all of an override but its
// kind, and who is a suspect or held back. An older hlbd is asked for each of those who may be.
void complete(Client& client, const std::string& service, std::vector<BackendReport>& backends) {
  std::unordered_map<std::string, const BackendReport*> by_key;
  const auto left_out = client.left_out(service);
  if (left_out) {
    for (const BackendReport& each : *left_out)
      by_key.emplace(key_of(each.service, each.address), &each);
  }
  for (BackendReport& backend : backends) {
    const bool may_be_left_out = backend.state == "up" && backend.weight_percent == 0;
    if (!backend.override.kind.empty() || (may_be_left_out && !left_out)) client.complete(backend);
    const auto found = by_key.find(key_of(backend.service, backend.address));
    if (found == by_key.end()) continue;
    backend.suspect = found->second->suspect;
    backend.held_back = found->second->held_back;
  }
}

// How the backends of a service stand that are meant: of a part nothing else counts.
Standing standing_of_meant(const Listed& listed) {
  const Standing all = standing(listed.service, listed.backends);
  if (!listed.is_part || all == Standing::whole) return all;
  const bool part_is_up = std::ranges::all_of(listed.backends, [](const BackendReport& each) {
    return each.state == "up" || is_in_maintenance(each);
  });
  return part_is_up ? Standing::whole : all;
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

std::vector<ServiceReport> services_of(Client& client) {
  std::vector<ServiceReport> services = client.services();
  const auto serving = client.serving();
  for (ServiceReport& each : services) {
    const auto found = serving.find(each.name);
    if (found != serving.end()) each.serving = found->second;
  }
  return services;
}

std::vector<BackendReport> backends_of(Client& client, const std::string& service) {
  std::vector<BackendReport> backends = client.backends(service);
  complete(client, service, backends);
  return backends;
}

void add_connections(Client& client, const std::string& service,
                     std::span<BackendReport> backends) {
  const auto counted = client.connections(service);
  if (!counted) return;
  std::unordered_map<std::string, std::uint32_t> by_backend;
  for (const ConnectionReport& each : *counted)
    by_backend.emplace(key_of(each.service, each.address), each.connections);
  for (BackendReport& backend : backends) {
    const auto found = by_backend.find(key_of(backend.service, backend.address));
    if (found != by_backend.end()) backend.connections = found->second;
  }
}

Snapshot take_snapshot(Client& client, const Targets& targets) {
  Snapshot snapshot;
  snapshot.hlbd = client.daemon();
  const std::string service = targets.services().size() == 1 ? *targets.services().begin() : "";
  std::vector<ServiceReport> services = services_of(client);
  std::erase_if(services,
                [&](const ServiceReport& each) { return !targets.means_some_of(each.name); });
  std::vector<BackendReport> backends = backends_of(client, service);
  add_connections(client, service, backends);
  snapshot.services = join(std::move(services), std::move(backends));
  for (Listed& each : snapshot.services)
    keep_meant(each, targets);
  return snapshot;
}

void keep_meant(Listed& listed, const Targets& targets) {
  const auto erased = std::erase_if(listed.backends, [&](const BackendReport& each) {
    return !targets.means(each.service, each.address);
  });
  listed.is_part = erased > 0;
}

void keep_wrong(Snapshot& snapshot) {
  for (Listed& listed : snapshot.services) {
    const std::vector<BackendReport> all = listed.backends;
    std::erase_if(listed.backends,
                  [&all](const BackendReport& each) { return !is_wrong(each, all); });
  }
  std::erase_if(snapshot.services, [](const Listed& each) {
    return each.backends.empty() && (each.is_part || standing(each.service, {}) == Standing::whole);
  });
}

Standing standing(const ServiceReport& service, const std::vector<BackendReport>& backends) {
  return hlb::standing(service,
                       !backends.empty() && std::ranges::all_of(backends, is_in_maintenance));
}

Rank rank(const ServiceReport& service, const std::vector<BackendReport>& backends) {
  return hlb::rank(standing(service, backends), std::ranges::any_of(backends, is_remarkable));
}

std::string user_name(std::uint32_t user_id) {
  static std::map<std::uint32_t, std::string> known;  // a lookup may ask a server
  const auto [place, is_new] = known.try_emplace(user_id);
  if (is_new) place->second = name_of_user(user_id).value_or("user " + std::to_string(user_id));
  return place->second;
}

int exit_code(const Snapshot& snapshot) {
  Standing worst = Standing::whole;
  for (const Listed& each : snapshot.services)
    worst = std::max(worst, standing_of_meant(each));
  return static_cast<int>(worst);
}

}  // namespace hlb::ctl
