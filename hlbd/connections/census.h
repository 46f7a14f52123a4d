// Counts this host's connections by their far ends, for those who ask how many a backend has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "engine/clock.h"
#include "health/service.h"
#include "network/sockets.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb::connections {

// How many connections there are to each far end.
class ConnectionCounts {
 public:
  // Takes the far end of each connection, in any order.
  explicit ConnectionCounts(std::vector<network::Peer> far_ends);

  // The connections to a backend, at the ports where programs use the service; at any port if
  // nothing says which these are.
  std::uint32_t to(const ServiceSpec& service, const BackendSpec& backend) const;

 private:
  struct PeerCount {
    network::Peer peer;
    std::uint32_t connections;
  };

  std::uint32_t sum(const network::Peer& first, const network::Peer& last) const;

  std::vector<PeerCount> by_peer_;  // sorted
};

// The counts of one moment; or why this host's connections can't be counted.
using Counted = tl::expected<std::shared_ptr<const ConnectionCounts>, std::string>;

// Counts the established TCP connections that programs of this network namespace have made, this
// process's own aside. Waits for the kernel, so it is not for hlbd's loop.
Counted count_connections();

// Used by hlbd's loop alone. Until somebody asks, there is no thread, and nothing is counted.
class Census {
 public:
  using Count = std::function<Counted()>;  // called on a thread of its own
  using Reply = std::function<void(const Counted& counted)>;

  // For so long, from the moment when counting begins, all who ask are given the same counts.
  static constexpr std::chrono::seconds kShared{1};

  // The clock must outlive it.
  Census(boost::asio::any_io_executor executor, const Clock& clock,
         Count count = count_connections);

  // `reply` is called once, from the loop, at once or later; not when this goes before.
  void ask(Reply reply);

  // The counts that were taken last; nullptr before there are any, and when the latest can't be
  // had.
  const ConnectionCounts* latest() const;

 private:
  void count();
  void counted(Counted counted);

  boost::asio::any_io_executor executor_;
  const Clock& clock_;
  Count count_;
  std::optional<Worker> worker_;
  std::vector<Reply> waiting_;
  Counted latest_;
  std::optional<Clock::TimePoint> began_;  // the latest count
  Scope scope_;
};

}  // namespace hlb::connections
