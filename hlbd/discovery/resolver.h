// Asks DNS, at the servers of resolv.conf as it is now.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "discovery/channel.h"
#include "system/turns.h"

namespace hlb::discovery {

// The most questions under way at once; the others queue. More replies would overflow a socket's
// default buffer, and dnsmasq forwards no more than 150 questions itself.
inline constexpr int kQuestionsAtOnce = 64;

// Used by hlbd's loop alone.
class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, ResolverSettings settings = {});
  ~Resolver();  // questions are never answered then
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The turn that a question waits for, see Turns.
  struct Turn {
    Turns::SharePtr share;
    bool silent = false;  // it had no answer the last time
  };

  // Asks; `taker` gets the answer, from the loop, once, never within this call. When resolv.conf
  // has changed since the last question, its servers are asked now, also the questions under way. A
  // worker looks at it, as its disk may hang: after settings.timeout the known servers are asked,
  // and the question fails if no server is known as yet.
  void ask(DnsQuestion question, const Turn& turn, Channel::Taker taker);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace hlb::discovery
