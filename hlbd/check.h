// One check of one backend: probes it again and again, and keeps its health.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <memory>
#include <string>

#include "health/machine.h"
#include "health/outcome.h"
#include "probes/prober.h"
#include "probes/target.h"

namespace hlb {

// Room for so many probes at a time as the channel buffers; a probe holds a place in it.
using ProbeSlots = boost::asio::experimental::channel<void(boost::system::error_code)>;

// Used by hlbd's loop alone. Runs in a coroutine of its own, at most one probe at a time, until the
// object goes.
class Check {
 public:
  // What a check tells; valid during the call alone.
  struct Change {
    const Outcome& outcome;    // what decided
    unsigned in_a_row = 1;     // so many outcomes of its kind
    unsigned rise_factor = 1;  // above 1: it is flapping, and rise is multiplied by this
  };
  class Observer {
   public:
    virtual ~Observer() = default;
    // The state changed, or was decided for the first time.
    virtual void changed(const Check& check, const Change& change) = 0;
    // A probe found nothing out, for a reason of this host's own.
    virtual void own_trouble(const Outcome& outcome) = 0;
  };

  // `published` is served until the first outcome. `slots` and `prober` must outlive the check's
  // coroutine, `observer` the check.
  Check(ProbeSlots& slots, probes::Prober& prober, probes::Target target, State published,
        Observer& observer);
  ~Check();
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  const probes::Target& target() const;
  State state() const;
  bool decided() const;

  // There is a reason to believe that the state has changed: ends the wait for the next probe, or,
  // if one is under way and may have been too early to see it, lets another follow. Never sooner
  // than kConfirmHard after the last one, so that what is to be confirmed has its time, and that no
  // flood of reasons becomes one of probes.
  void probe_now();

 private:
  // Lives as long as its coroutine, which may outlive the check by one turn of the loop.
  struct Run;

  static boost::asio::awaitable<void> run(std::shared_ptr<Run> run);

  std::shared_ptr<Run> run_;
};

// "tcp 10.0.0.1:8082", for messages.
std::string describe(const probes::Target& target);

}  // namespace hlb
