#include "connections/rules.h"

#include <algorithm>

namespace hlb::connections {
namespace {

bool is_used_at(const ServiceSpec& service, const BackendSpec& backend, std::uint16_t port) {
  const auto ports = ports_used(service, backend);
  return ports.empty() || std::ranges::binary_search(ports, port);
}

// Whether a service, by its place, takes its backend for alive, or may.
using Needs = std::function<bool(std::size_t service, const WatchedBackend& backend)>;

bool is_alive(std::size_t /*service*/, const WatchedBackend& backend) {
  return backend.state != State::down;
}

bool anybody_needs(const Monitor& monitor, const Address& address, std::uint16_t port,
                   std::span<const std::size_t> with_close_ports, const Needs& needs) {
  const auto needs_here = [&](std::size_t service, const WatchedBackend& backend) {
    return needs(service, backend) && is_used_at(monitor.services()[service], backend.spec, port);
  };
  constexpr std::uint16_t kNoPort = 0;
  for (const std::uint16_t at : {port, kNoPort}) {
    const auto users = monitor.users_at(address, at);
    const bool needed = std::ranges::any_of(users, [&](const Check::User& user) {
      const WatchedBackend& backend = monitor.watched()[user.service].backends[user.backend];
      return needs_here(user.service, backend);
    });
    if (needed) return true;
  }
  return std::ranges::any_of(with_close_ports, [&](std::size_t service) {
    const WatchedService& watched = monitor.watched()[service];
    const auto place = watched.find(address);
    return place && needs_here(service, watched.backends[*place]);
  });
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

std::vector<std::uint16_t> ports_to_close(const Monitor& monitor, std::size_t service,
                                          const Address& backend,
                                          std::span<const std::size_t> with_close_ports) {
  const ServiceSpec& spec = monitor.services()[service];
  const auto place = monitor.watched()[service].find(backend);
  if (!place || spec.close_connections == CloseConnections::never) return {};
  const WatchedBackend& watched = monitor.watched()[service].backends[*place];
  if (watched.state != State::down || is_operators(watched) ||
      !others_serve(monitor.verdicts()[service], backend)) {
    return {};
  }
  auto ports = ports_used(spec, watched.spec);
  std::erase_if(ports, [&](std::uint16_t port) {
    return anybody_needs(monitor, backend, port, with_close_ports, is_alive);
  });
  return ports;
}

std::vector<std::uint16_t> ports_to_clear(const Monitor& monitor, std::size_t service,
                                          const BackendSpec& backend,
                                          std::span<const std::size_t> with_close_ports,
                                          const Meant& meant) {
  const Needs needs = [&](std::size_t other, const WatchedBackend& same) {
    const bool in_use =
        state_under(same.override, same.state) != State::down && !withdraws(same.override);
    return in_use && !meant(other);
  };
  auto ports = ports_used(monitor.services()[service], backend);
  std::erase_if(ports, [&](std::uint16_t port) {
    return anybody_needs(monitor, backend.address, port, with_close_ports, needs);
  });
  return ports;
}

}  // namespace hlb::connections
