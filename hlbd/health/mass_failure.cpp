#include "health/mass_failure.h"

#include <algorithm>
#include <iterator>

namespace hlb {
namespace {

constexpr std::size_t kServices = 2;
constexpr std::size_t kAddresses = 3;
constexpr std::size_t kOfAll = 3;  // divisor: a third

std::vector<std::uint32_t> without(std::span<const std::uint32_t> services,
                                   std::span<const std::uint32_t> others) {
  std::vector<std::uint32_t> left;
  std::ranges::set_difference(services, others, std::back_inserter(left));
  return left;
}

}  // namespace

void MassFailure::reset(std::size_t backends) {
  *this = MassFailure();
  backends_ = backends;
}

void MassFailure::failed(const Address& backend, std::span<const Service> services, TimePoint now,
                         std::chrono::milliseconds interval) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(services.size());
  for (const Service& service : services) {
    if (service.number >= sums_.size()) sums_.resize(service.number + std::size_t{1});
    sums_[service.number].size = service.size;
    numbers.push_back(service.number);
  }
  std::ranges::sort(numbers);

  Failure& failure = failures_[backend];
  by_end_.erase({failure.counts_until, backend});
  failure.counts_until = std::max(failure.counts_until, now + interval);
  by_end_.emplace(failure.counts_until, backend);
  const std::vector<std::uint32_t> added = without(numbers, failure.services);
  count(added, true);
  const auto known = failure.services.insert(failure.services.end(), added.begin(), added.end());
  std::ranges::inplace_merge(failure.services, known);
}

void MassFailure::passed(const Address& backend) {
  const auto failure = failures_.find(backend);
  if (failure != failures_.end()) take_out(failure);
}

void MassFailure::forget(std::span<const std::uint32_t> services) {
  for (auto failure = failures_.begin(); failure != failures_.end();) {
    std::vector<std::uint32_t>& known = failure->second.services;
    const auto gone = std::ranges::stable_partition(known, [&](std::uint32_t service) {
      return !std::ranges::binary_search(services, service);
    });
    count(gone, false);
    known.erase(gone.begin(), gone.end());
    failure = known.empty() ? take_out(failure) : std::next(failure);
  }
}

bool MassFailure::active(TimePoint now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now)
    take_out(failures_.find(by_end_.begin()->second));
  return struck_ >= kServices && failures_.size() >= kAddresses && kOfAll * sum_ >= backends_;
}

// Counts a failure of each, or one less.
void MassFailure::count(std::span<const std::uint32_t> services, bool failed) {
  for (const std::uint32_t service : services) {
    Sum& sum = sums_[service];
    const bool was_struck = sum.is_struck();
    sum.failures = failed ? sum.failures + 1 : sum.failures - 1;
    struck_ = struck_ + (sum.is_struck() ? 1 : 0) - (was_struck ? 1 : 0);
  }
  sum_ = failed ? sum_ + services.size() : sum_ - services.size();
}

// Returns the next one.
MassFailure::Failures::iterator MassFailure::take_out(Failures::iterator failure) {
  count(failure->second.services, false);
  by_end_.erase({failure->second.counts_until, failure->first});
  return failures_.erase(failure);
}

}  // namespace hlb
