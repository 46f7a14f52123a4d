#include "engine/shared_checks.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "text/hash.h"

namespace hlb {
namespace {

std::size_t hash_of(const Address& address, std::uint16_t port, std::size_t method) {
  return text::fnv1a(address.bytes, std::size_t{port} << 8U ^ method);
}

std::size_t hash_of(const probes::Target& target) {
  return hash_of(target.address, target.port, target.spec->method.index());
}

bool is_at(const probes::Target& target, const Address& address, std::uint16_t port) {
  return target.address.family == address.family && target.address.bytes == address.bytes &&
         target.port == port;
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

std::vector<std::shared_ptr<Check>> SharedChecks::at(const Address& address,
                                                     std::uint16_t port) const {
  std::vector<std::shared_ptr<Check>> found;
  for (std::size_t method = 0; method < std::variant_size_v<CheckMethod>; ++method) {
    const auto [first, last] = checks_.equal_range(hash_of(address, port, method));
    for (auto each = first; each != last; ++each) {
      auto check = each->second.lock();
      if (check && is_at(check->target(), address, port)) found.push_back(std::move(check));
    }
  }
  return found;
}

std::shared_ptr<Check> SharedChecks::add(std::unique_ptr<Check> check) {
  const std::size_t hash = hash_of(check->target());
  std::shared_ptr<Check> shared(check.release(), [this, hash](const Check* gone) {
    drop_gone(hash);
    delete gone;
  });
  checks_.emplace(hash, shared);
  ++added_;
  return shared;
}

void SharedChecks::drop_gone(std::size_t hash) {
  const auto [first, last] = checks_.equal_range(hash);
  const auto gone =
      std::find_if(first, last, [](const auto& each) { return each.second.expired(); });
  if (gone != last) checks_.erase(gone);
}

}  // namespace hlb
