// A socket for ICMP echo: an unprivileged ping socket where the system allows it, else a raw one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "probes/icmp/echo.h"
#include "probes/target.h"
#include "text/address.h"
#include "system/scope.h"

namespace hlb::probes {

// In a shared_ptr, by hlbd's loop alone. The destructor closes it; it must come before the loop's.
class EchoSocket {
 public:
  using Monotonic = std::chrono::steady_clock;

  // Told of what came back: who was asked, what, and the outcome, a pass or a hard failure. Anybody
  // can have sent it; only who knows the token has seen the request.
  using OnEcho =
      std::function<void(const boost::asio::ip::address& asked, const Echo&, Outcome outcome)>;

  // nullptr on an error, see open_socket(); EPERM or EACCES: the system allows hlbd neither kind of
  // socket.
  static std::shared_ptr<EchoSocket> open(const boost::asio::any_io_executor& executor,
                                          Address::Family family, const Way& way,
                                          boost::system::error_code& error);

  // `echo.identifier` is the socket's own affair. Reads what came back first when many requests
  // were sent since, lest the kernel run out of room for the replies.
  boost::system::error_code send(const Target& target, const Echo& echo);

  // Whether send() found no room, in this socket's buffer or in the host at large.
  static bool is_full(const boost::system::error_code& error);

  // From now on calls `on_echo`, from the loop and from send(). It must neither send nor destroy
  // the socket.
  void listen(OnEcho on_echo);

  // Whether the kernel may have dropped a reply since `then`, for want of room.
  bool has_lost_since(Monotonic::time_point then);

 private:
  struct Batch;

  EchoSocket(const boost::asio::any_io_executor& executor, Address::Family family, bool raw,
             int fd);
  void await_more();
  void receive();
  int receive_batch();
  void receive_errors();
  bool receive_error();
  std::uint32_t count_lost();

  Address::Family family_;
  bool raw_;
  std::uint16_t identifier_ = 0;
  boost::asio::posix::stream_descriptor socket_;
  OnEcho on_echo_;
  unsigned sent_since_read_ = 0;
  std::uint32_t lost_ = 0;  // when has_lost_since() was last called
  Monotonic::time_point lost_at_ = Monotonic::time_point::min();
  Scope scope_;
};

}  // namespace hlb::probes
