// Attempts that wait for one look at a file.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <set>

namespace hlb::probes {

// Attempts that wait for the same look, each for as long as it may. Used by one loop alone.
class Waiters {
 public:
  Waiters() = default;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  // Waits until the next tell(). Returns false when `timeout` was over before, or the caller was
  // cancelled. This object must outlive it.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds timeout);

  // Has all go on that wait now, though none within this call.
  void tell();

 private:
  class Waiter;

  std::set<Waiter*> waiting_;
};

}  // namespace hlb::probes
