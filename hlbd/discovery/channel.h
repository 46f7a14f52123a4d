// Runs a channel of c-ares on Asio: hlbd's loop watches its sockets and timeouts.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "discovery/answer.h"
#include "system/scope.h"

namespace hlb::discovery {

struct ResolverSettings {
  std::string resolv_conf = "/etc/resolv.conf";  // names the servers: resolv.conf(5)
  std::chrono::milliseconds timeout{2000};       // for a server's reply; doubled at the second try
  int tries = 2;                                 // of each server
  std::uint16_t port = 53;                       // of each server
};

// Asks DNS and nothing else: no /etc/hosts, no search list, no NSS. c-ares retries, follows
// truncated replies over TCP, and checks that a reply is from the server and to the question. Used
// by hlbd's loop alone, but for set_up().
class Channel {
 public:
  using Taker = std::function<void(DnsAnswer)>;

  // A channel of c-ares, set up as resolv.conf says, before any question.
  struct Setup;

  // Reads resolv.conf, and other files that c-ares wants to see as it begins: a worker's job, as it
  // may have to wait for their disk. May be called from any thread.
  static std::shared_ptr<Setup> set_up(ResolverSettings settings);

  // Takes `setup` over, and reads no file any more.
  Channel(boost::asio::any_io_executor executor, std::shared_ptr<Setup> setup);
  ~Channel();  // questions are never answered then, unless the loop has the answer already
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Asks; `taker` gets the answer, from the loop, never within this call.
  void ask(const DnsQuestion& question, Taker taker);

 private:
  struct Socket;
  struct Asked;
  enum class Direction : bool { read, write };

  static void take_state(void* setup, int fd, int readable, int writable);
  static void take_reply(void* asked, int status, int timeouts, unsigned char* bytes, int size);

  void watch(int fd, bool readable, bool writable);
  void await(const std::shared_ptr<Socket>& socket, Direction direction);
  void process(int read, int write);
  void set_timer();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Setup> setup_;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  boost::asio::steady_timer timer_;
  Scope scope_;
};

}  // namespace hlb::discovery
