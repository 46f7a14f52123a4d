#include "engine/shared_checks.h"

#include <cstdint>

namespace hlb {
namespace {

std::size_t hash_of(const probes::Target& target) {
  std::size_t hash = std::size_t{target.port} << 8U ^ target.spec->method.index();
  for (const std::uint8_t byte : target.address.bytes)
    hash = (hash ^ byte) * 0x100000001b3U;  // FNV-1a
  return hash;
}

}  // namespace

std::shared_ptr<Check> SharedChecks::find(const probes::Target& target) const {
  const auto [first, last] = checks_.equal_range(hash_of(target));
  for (auto each = first; each != last; ++each) {
    auto check = each->second.lock();
    if (check && check->target() == target) return check;
  }
  return nullptr;
}

void SharedChecks::add(const std::shared_ptr<Check>& check) {
  checks_.emplace(hash_of(check->target()), check);
}

void SharedChecks::drop_gone() {
  if (checks_.size() < 2 * alive_) return;
  std::erase_if(checks_, [](const auto& each) { return each.second.expired(); });
  alive_ = checks_.size();
}

}  // namespace hlb
