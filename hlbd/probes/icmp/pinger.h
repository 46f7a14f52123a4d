// Asks many backends for an echo over few sockets.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "health/outcome.h"
#include "probes/icmp/echo_socket.h"
#include "probes/target.h"
#include "text/address.h"

namespace hlb::probes {

// The only one in hlbd, in a shared_ptr that whoever awaits ping() holds. Opens a socket of a
// family when it is first needed, and another only while those there are are full of what the
// kernel couldn't deliver yet, for want of a neighbour's link-layer address. Used by hlbd's loop
// alone; the destructor must come before the loop's.
class Pinger {
 public:
  static constexpr std::size_t kMaxSockets = 32;  // of a family

  explicit Pinger(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  // Sends an echo request, and returns what becomes of it, as Probe::attempt() does.
  boost::asio::awaitable<Outcome> ping(const Target& target);

 private:
  class Ping;
  using Sockets = std::vector<std::shared_ptr<EchoSocket>>;  // the first has room, as far as known

  boost::system::error_code send(Ping& ping, const Target& target);
  boost::system::error_code send_by_another(Sockets& sockets, Ping& ping, const Target& target);
  void take(const boost::asio::ip::address& asked, const Echo& echo, Outcome outcome);

  boost::asio::any_io_executor executor_;
  Sockets ipv4_;
  Sockets ipv6_;
  std::unordered_map<std::uint64_t, Ping*> waiting_;  // by their tokens
  std::uint16_t last_sequence_ = 0;
};

}  // namespace hlb::probes
