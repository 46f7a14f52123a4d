#include "engine/takeover.h"

#include <cstdint>
#include <string>
#include <utility>

namespace hlb {

std::size_t Takeover::TargetHash::operator()(const probes::Target& target) const {
  std::size_t hash = std::size_t{target.port} << 8U ^ target.spec->method.index();
  for (const std::uint8_t byte : target.address.bytes)
    hash = (hash ^ byte) * 0x100000001b3U;  // FNV-1a
  return hash;
}

Takeover::Takeover(std::span<const ServiceSpec> specs, std::vector<WatchedService> services) {
  const auto keep = [this](const std::string& service, WatchedBackend& backend) {
    for (auto& check : backend.checks)
      checks_.emplace(check->target(), check);
    backends_[service].emplace(backend.spec.address, std::move(backend));
  };
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (WatchedBackend& backend : services[i].backends)
      keep(specs[i].name, backend);
    // They retire on: what they make room for may still not be known.
    for (WatchedBackend& backend : services[i].retiring) {
      backend.state = backend.together();
      keep(specs[i].name, backend);
    }
  }
}

std::optional<WatchedBackend> Takeover::take(const ServiceSpec& service, const Address& address) {
  const auto found = backends_.find(service.name);
  if (found == backends_.end()) return std::nullopt;
  auto backend = found->second.extract(address);
  if (backend.empty()) return std::nullopt;
  return std::move(backend.mapped());
}

std::vector<WatchedBackend> Takeover::left_up(const ServiceSpec& service) {
  std::vector<WatchedBackend> left;
  const auto found = backends_.find(service.name);
  if (found == backends_.end()) return left;
  for (auto& [address, backend] : found->second) {
    if (backend.state == State::up) left.push_back(std::move(backend));
  }
  return left;
}

}  // namespace hlb
