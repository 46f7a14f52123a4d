#include "health/mass_failure.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace hlb {
namespace {

constexpr std::size_t kServices = 2;
constexpr std::size_t kAddresses = 3;
constexpr std::size_t kOfAll = 3;  // divisor: a third

// The time that a count holds: when thousands fail at once, they aren't counted for each.
constexpr std::chrono::milliseconds kCountedAnew{20};

}  // namespace

void MassFailure::reset(std::size_t backends) {
  backends_ = backends;
  failures_ = 0;
  active_until_ = {};
  struck_by_.clear();
}

void MassFailure::failed(std::size_t service, std::size_t size, const Address& backend,
                         TimePoint now, std::chrono::milliseconds interval) {
  passed(service, backend);
  Service& hit = struck_by_[service];
  hit.size = size;
  hit.failures.push_back({backend, now + interval});
  ++failures_;
}

void MassFailure::passed(std::size_t service, const Address& backend) {
  const auto hit = struck_by_.find(service);
  if (hit == struck_by_.end()) return;
  active_until_ = {};
  failures_ -= std::erase_if(hit->second.failures,
                             [&](const Failure& failure) { return failure.backend == backend; });
  if (hit->second.failures.empty()) struck_by_.erase(hit);
}

void MassFailure::forget(std::size_t service) {
  const auto known = struck_by_.find(service);
  if (known == struck_by_.end()) return;
  failures_ -= known->second.failures.size();
  struck_by_.erase(known);
}

bool MassFailure::is_struck(Service& service, TimePoint now) {
  failures_ -= std::erase_if(service.failures,
                             [now](const Failure& failure) { return failure.counts_until <= now; });
  return 2 * service.failures.size() > service.size;
}

bool MassFailure::active(TimePoint now) {
  if (now < active_until_) return true;
  if (kOfAll * failures_ < backends_) return false;
  std::size_t services = 0;
  std::set<Address> addresses;
  TimePoint until = now + kCountedAnew;
  for (auto hit = struck_by_.begin(); hit != struck_by_.end();) {
    if (is_struck(hit->second, now)) {
      ++services;
      for (const Failure& failure : hit->second.failures) {
        addresses.insert(failure.backend);
        until = std::min(until, failure.counts_until);
      }
    }
    hit = hit->second.failures.empty() ? struck_by_.erase(hit) : std::next(hit);
  }
  const bool active =
      services >= kServices && addresses.size() >= kAddresses && kOfAll * failures_ >= backends_;
  if (active) active_until_ = until;
  return active;
}

}  // namespace hlb
