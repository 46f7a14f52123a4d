// One backend's check: probes it again and again, and keeps its health.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <functional>
#include <memory>

#include "health/machine.h"
#include "probes/prober.h"
#include "probes/target.h"

namespace hlb {

// Room for so many probes at a time as the channel buffers; a probe holds a place in it.
using ProbeSlots = boost::asio::experimental::channel<void(boost::system::error_code)>;

// Used by hlbd's loop alone. Runs in a coroutine of its own, at most one probe at a time, until the
// object goes. Logs each change of state, with the evidence.
class Check {
 public:
  // `published` is served until the first outcome. `on_change` is called when the state changed, or
  // was decided for the first time. `slots` and `prober` must outlive the check's coroutine.
  Check(ProbeSlots& slots, probes::Prober& prober, probes::Target target, State published,
        std::function<void()> on_change);
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

}  // namespace hlb
