#include "health/mass_failure.h"

#include <algorithm>
#include <set>

namespace hlb {
namespace {

constexpr std::size_t kServices = 2;
constexpr std::size_t kAddresses = 3;

}  // namespace

void MassFailure::failed(std::size_t service, std::size_t size, const Address& backend,
                         TimePoint now, std::chrono::milliseconds interval) {
  passed(service, backend);
  Service& hit = struck_by_[service];
  hit.size = size;
  hit.failures.push_back({backend, now + interval});
}

void MassFailure::passed(std::size_t service, const Address& backend) {
  const auto hit = struck_by_.find(service);
  if (hit == struck_by_.end()) return;
  std::erase_if(hit->second.failures,
                [&](const Failure& failure) { return failure.backend == backend; });
  if (hit->second.failures.empty()) struck_by_.erase(hit);
}

bool MassFailure::is_struck(Service& service, TimePoint now) {
  std::erase_if(service.failures,
                [now](const Failure& failure) { return failure.counts_until <= now; });
  return 2 * service.failures.size() > service.size;
}

bool MassFailure::active(TimePoint now) {
  std::size_t services = 0;
  std::set<Address> addresses;
  for (auto hit = struck_by_.begin(); hit != struck_by_.end();) {
    if (is_struck(hit->second, now)) {
      ++services;
      for (const Failure& failure : hit->second.failures)
        addresses.insert(failure.backend);
    }
    if (services >= kServices && addresses.size() >= kAddresses) return true;
    hit = hit->second.failures.empty() ? struck_by_.erase(hit) : std::next(hit);
  }
  return false;
}

}  // namespace hlb
