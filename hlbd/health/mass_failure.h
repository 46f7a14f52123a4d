// Tells when so much fails at once that this host itself is the likelier cause: its network, say.
// Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "text/address.h"

namespace hlb {

// A service is struck while more than half of its backends have failed within an interval of their
// checks. A mass failure is while at least two services are struck, three addresses fail, so that
// one dead host doesn't count, and a third of all backends do: where most go on passing, this
// host's own network is in order.
//
// All sums are kept as failures come and go: where thousands fail at once, they aren't counted anew
// for each.
class MassFailure {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A service that has the backend: any small number that tells services apart, and how many
  // backends it has.
  struct Service {
    std::uint32_t number;
    std::uint32_t size;
  };

  // Counts a failure of the backend at this address for these services, beside others that fail
  // there already. One that fails again counts anew. `now` never goes back.
  void failed(const Address& backend, std::span<const Service> services, TimePoint now,
              std::chrono::milliseconds interval);
  // Whatever passes there shows that this host reaches it.
  void passed(const Address& backend);

  bool active(TimePoint now);

  // Forgets services, sorted, whose numbers may mean others from now on.
  void forget(std::span<const std::uint32_t> services);

  // Forgets all, as the numbers now mean other services, which have `backends` backends together.
  void reset(std::size_t backends);
  // The numbers mean the same services, some of which have other backends.
  void resize(std::size_t backends) { backends_ = backends; }

 private:
  struct Failure {
    TimePoint counts_until;
    std::vector<std::uint32_t> services;  // sorted
  };
  using Failures = std::map<Address, Failure>;

  struct Sum {
    std::uint32_t size = 0;
    std::uint32_t failures = 0;

    bool is_struck() const { return 2 * std::uint64_t{failures} > size; }
  };

  void count(std::span<const std::uint32_t> services, bool failed);
  Failures::iterator take_out(Failures::iterator failure);

  std::size_t backends_ = 0;
  Failures failures_;                               // by backend
  std::set<std::pair<TimePoint, Address>> by_end_;  // the same
  std::vector<Sum> sums_;                           // by service, as far as any has failed
  std::size_t sum_ = 0;                             // of all services' failures
  std::size_t struck_ = 0;                          // services
};

}  // namespace hlb
