// Asks DNS, at the servers of resolv.conf as it is now.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "discovery/channel.h"
#include "system/turns.h"

namespace hlb::discovery {

// So many questions are under way at once; the others wait their turn. More than this would drop
// replies at a socket's default buffer, and dnsmasq forwards no more than 150 itself.
inline constexpr int kQuestionsAtOnce = 64;

// Used by hlbd's loop alone.
class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, ResolverSettings settings = {});
  ~Resolver();  // nothing is answered any more
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Whose turn a question waits for, see Turns.
  struct Turn {
    Turns::SharePtr share;
    bool silent = false;  // there was no answer the last time
  };

  // `taker` is called from the loop, once, never within this call. When resolv.conf has changed
  // since the last question, its servers are asked now, also for what is under way. A worker looks
  // at it, as its disk may hang: after settings.timeout the servers that are known are asked, and
  // the question fails if there are none as yet.
  void ask(DnsQuestion question, const Turn& turn, Channel::Taker taker);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace hlb::discovery
