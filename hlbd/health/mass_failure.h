// Tells when so much fails at once that this host itself is the likelier cause: its network, say.
// Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

#include "text/address.h"

namespace hlb {

// A service is struck while more than half of its backends have failed within an interval of their
// checks. A mass failure is when at least two services are struck at once, with three addresses, so
// that one dead host doesn't count, and with a third of all backends: where most go on passing,
// this host's own network is in order.
class MassFailure {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Counts a failure. `service` is any number that tells services apart, `size` its number of
  // backends. A backend that fails again counts anew. `now` never goes back.
  void failed(std::size_t service, std::size_t size, const Address& backend, TimePoint now,
              std::chrono::milliseconds interval);
  void passed(std::size_t service, const Address& backend);

  // Forgets a service, whose number may mean another from now on.
  void forget(std::size_t service);

  bool active(TimePoint now);

  // Forgets all, as the numbers now mean other services, which have `backends` backends together.
  void reset(std::size_t backends);
  // The numbers mean the same services, some of which have other backends.
  void resize(std::size_t backends) { backends_ = backends; }

 private:
  struct Failure {
    Address backend;
    TimePoint counts_until;
  };
  struct Service {
    std::size_t size = 0;
    std::vector<Failure> failures;
  };

  bool is_struck(Service& service, TimePoint now);

  TimePoint active_until_{};  // unless a backend passes before
  std::size_t backends_ = 0;
  std::size_t failures_ = 0;                  // in struck_by_
  std::map<std::size_t, Service> struck_by_;  // by service
};

}  // namespace hlb
