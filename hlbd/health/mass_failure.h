// Tells when so much fails at once that this host itself is the likelier cause: its network, say.
// Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

#include "text/address.h"

namespace hlb {

// A service is struck while more than half of its backends have failed within one interval of their
// checks. A mass failure is when two services at least are struck at once, with three addresses, so
// that one dead host is none, and with a third of all that is watched: where most goes on passing,
// this host's own network is in order.
class MassFailure {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `service` is any number that tells services apart, `size` how many backends it has. What fails
  // again counts anew. `now` never goes back.
  void failed(std::size_t service, std::size_t size, const Address& backend, TimePoint now,
              std::chrono::milliseconds interval);
  void passed(std::size_t service, const Address& backend);

  bool active(TimePoint now);

  // Forgets all: the numbers of services mean others from now on, which have `backends` together.
  void reset(std::size_t backends);

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

  TimePoint active_until_{};  // at least, unless one passes
  std::size_t backends_ = 0;
  std::size_t failures_ = 0;                  // that may count
  std::map<std::size_t, Service> struck_by_;  // the services that have them
};

}  // namespace hlb
