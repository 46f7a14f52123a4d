#include "connections/rules.h"

#include <algorithm>

namespace hlb::connections {
namespace {

bool is_used_at(const ServiceSpec& service, const BackendSpec& backend, std::uint16_t port) {
  const auto ports = ports_used(service, backend);
  return ports.empty() || std::ranges::binary_search(ports, port);
}

bool is_operators(const WatchedBackend& backend) {
  return backend.override && *backend.override != OverrideKind::force_down;
}

// Whether lookups are answered with another backend that is truly there, and not with this one.
bool others_serve(const ServiceVerdict& verdict, const Address& backend) {
  bool another = false;
  for (const BackendVerdict& each : verdict.backends) {
    const bool serves = verdict.serves(each);
    if (serves && each.address == backend) return false;
    another |= serves && each.healthy() && each.address.family == backend.family;
  }
  return another;
}

}  // namespace

std::vector<std::size_t> services_with_close_ports(const Monitor& monitor) {
  std::vector<std::size_t> found;
  for (std::size_t service = 0; service < monitor.services().size(); ++service) {
    if (!monitor.services()[service].close_ports.empty()) found.push_back(service);
  }
  return found;
}

// What is checked decides, not what has been told of it: of very many services some are told late.
PlacesInUse places_alive(const Monitor& monitor, std::span<const std::size_t> with_close_ports) {
  return {monitor, with_close_ports, [](std::size_t, const WatchedBackend& backend) {
            return backend.together() != State::down;
          }};
}

PlacesInUse places_used_by_others(const Monitor& monitor,
                                  std::span<const std::size_t> with_close_ports, Meant meant) {
  return {monitor, with_close_ports,
          [meant = std::move(meant)](std::size_t service, const WatchedBackend& backend) {
            const bool alive = state_under(backend.override, backend.together()) != State::down;
            return alive && !withdraws(backend.override) && !meant(service, backend.spec.address);
          }};
}

bool PlacesInUse::has(const Endpoint& place) {
  const auto [known, is_new] = known_.try_emplace(place);
  if (is_new) known->second = is_needed(place);
  return known->second;
}

bool PlacesInUse::is_needed(const Endpoint& place) const {
  const auto needs_it = [&](std::size_t service, const WatchedBackend& backend) {
    return is_used_at(monitor_.services()[service], backend.spec, place.port) &&
           needs_(service, backend);
  };
  constexpr std::uint16_t kNoPort = 0;
  for (const std::uint16_t port : {place.port, kNoPort}) {
    const bool needed = monitor_.any_user_at(place.address, port, [&](const Check::User& user) {
      return needs_it(user.service, monitor_.watched()[user.service].backends[user.backend]);
    });
    if (needed) return true;
  }
  return std::ranges::any_of(with_close_ports_, [&](std::size_t service) {
    const WatchedService& watched = monitor_.watched()[service];
    const auto backend = watched.find(place.address);
    return backend && needs_it(service, watched.backends[*backend]);
  });
}

std::vector<std::uint16_t> ports_to_close(const Monitor& monitor, std::size_t service,
                                          const Address& backend, PlacesInUse& alive) {
  const ServiceSpec& spec = monitor.services()[service];
  const auto place = monitor.watched()[service].find(backend);
  if (!place || spec.close_connections == CloseConnections::never) return {};
  const WatchedBackend& watched = monitor.watched()[service].backends[*place];
  if (watched.together() != State::down || is_operators(watched) ||
      !others_serve(monitor.verdicts()[service], backend)) {
    return {};
  }
  auto ports = ports_used(spec, watched.spec);
  std::erase_if(ports, [&](std::uint16_t port) { return alive.has({backend, port}); });
  return ports;
}

std::vector<std::uint16_t> ports_to_clear(const Monitor& monitor, std::size_t service,
                                          const BackendSpec& backend, PlacesInUse& used_by_others) {
  auto ports = ports_used(monitor.services()[service], backend);
  std::erase_if(ports,
                [&](std::uint16_t port) { return used_by_others.has({backend.address, port}); });
  return ports;
}

}  // namespace hlb::connections
