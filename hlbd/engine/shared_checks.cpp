#include "engine/shared_checks.h"

#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "text/hash.h"

namespace hlb {
namespace {

std::uint64_t hash_of(const Address& address, std::uint16_t port) {
  return text::fnv1a(address.bytes, port);
}

// What tells checks of one type apart as a rule: the names that they ask for. Checks that differ
// elsewhere have the same hash.
std::uint64_t hash_of(const CheckMethod& method) {
  std::uint64_t hash = method.index();
  const auto mix = [&hash](const std::string& text) { hash = text::fnv1a(text, hash); };
  if (const auto* const http = std::get_if<HttpCheck>(&method)) {
    mix(http->host);
    mix(http->path);
  } else if (const auto* const grpc = std::get_if<GrpcCheck>(&method)) {
    mix(grpc->authority);
    mix(grpc->service);
  } else if (const auto* const tls = std::get_if<TlsCheck>(&method)) {
    mix(tls->tls.server_name);
  } else if (const auto* const exec = std::get_if<ExecCheck>(&method)) {
    for (const std::string& word : exec->command)
      mix(word);
  } else if (const auto* const file = std::get_if<FileCheck>(&method)) {
    mix(file->path);
  }
  return hash;
}

bool is_at(const probes::Target& target, const Address& address, std::uint16_t port) {
  return target.address.family == address.family && target.address.bytes == address.bytes &&
         target.port == port;
}

}  // namespace

SharedChecks::Key SharedChecks::key_of(const probes::Target& target) {
  return {hash_of(target.address, target.port),
          text::fnv1a(target.service, hash_of(target.spec->method))};
}

std::shared_ptr<Check> SharedChecks::find(const probes::Target& target) const {
  const auto [first, last] = checks_.equal_range(key_of(target));
  for (auto each = first; each != last; ++each) {
    auto check = each->second.lock();
    if (check && check->target() == target) return check;
  }
  return nullptr;
}

std::vector<std::shared_ptr<Check>> SharedChecks::at(const Address& address,
                                                     std::uint16_t port) const {
  const std::uint64_t place = hash_of(address, port);
  const auto last = checks_.upper_bound({place, std::numeric_limits<std::uint64_t>::max()});
  std::vector<std::shared_ptr<Check>> found;
  for (auto each = checks_.lower_bound({place, 0}); each != last; ++each) {
    auto check = each->second.lock();
    if (check && is_at(check->target(), address, port)) found.push_back(std::move(check));
  }
  return found;
}

std::shared_ptr<Check> SharedChecks::add(std::unique_ptr<Check> check) {
  const auto place = checks_.emplace(key_of(check->target()), std::weak_ptr<Check>());
  std::shared_ptr<Check> shared(check.release(), [this, place](const Check* gone) {
    checks_.erase(place);
    delete gone;
  });
  place->second = shared;
  ++added_;
  return shared;
}

}  // namespace hlb
