// Has this host's connections ended to backends that went down, where their services want it. A
// lookup can't help a program that keeps a connection: to a host that went silent it may wait for a
// quarter of an hour (tcp_retries2 in tcp(7)).
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connections/ender.h"
#include "connections/rules.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "text/address.h"

namespace hlb::connections {

// Connections of this host that were ended. Valid during the call alone.
struct Closing {
  const std::string& service;
  const Address& backend;
  std::uint32_t connections;              // more than 0
  std::optional<std::uint32_t> asked_by;  // the ID of the user who wanted it; unset: a backend down
};

// Used by hlbd's loop alone. All it is made with must outlive it. While no service wants it, there
// is no helper, and nothing is asked.
class Closer {
 public:
  using OnClosed = std::function<void(const Closing& closing)>;

  // After the verdict's publication, connections are ended at once, and again after these times:
  // programs connect anew to an address that they keep.
  static constexpr std::array<std::chrono::milliseconds, 3> kTurns = {
      std::chrono::milliseconds{0}, std::chrono::milliseconds{1000},
      std::chrono::milliseconds{5000}};
  // A connection is stale once nothing has come over it for so long, and since the first failed
  // probe.
  static constexpr std::chrono::seconds kStale{1};
  // The time between two looks at whether it works again, while it doesn't.
  static constexpr std::chrono::seconds kRetry{30};

  Closer(const boost::asio::any_io_executor& executor, Clock& clock, Monitor& monitor,
         std::filesystem::path socket, OnClosed on_closed, Ender::OnTrouble on_trouble);

  // To be called after each Monitor::apply() that found another configuration.
  void configured();

  // To be called for each change, which Monitor::Observer is told of.
  void changed(const BackendChange& change);

  // To be called once changes are published, with the services whose verdicts were: programs that
  // connect anew find another backend.
  void published(std::span<const Refreshed> services);

  Ender& ender() { return ender_; }
  // To be called when others have used the ender: without a service that wants it, it rests.
  void ender_was_used();

 private:
  // What is known of one that went down.
  struct Death {
    Clock::TimePoint silent_since;           // its first failed probe
    std::optional<Clock::TimePoint> told{};  // when it was published
    std::size_t turn = 0;                    // the next of kTurns
  };
  using Deaths = std::map<Owner, Death>;

  void take_turns();
  PlacesInUse& alive();
  bool take_turn(const Owner& owner, Death& death);
  void doom(const Owner& owner, const Death& death, std::uint16_t port, bool stale_alone);
  void ask();
  void try_out();

  Clock& clock_;
  Monitor& monitor_;
  OnClosed on_closed_;
  Ender ender_;
  bool wanted_ = false;  // by any service
  std::vector<std::size_t> with_close_ports_;
  std::optional<PlacesInUse> alive_;  // as of a moment ago, unless something has changed since
  std::chrono::steady_clock::time_point alive_since_;
  Deaths deaths_;
  std::vector<Owner> untold_;                   // deaths that aren't published yet
  std::multimap<Clock::TimePoint, Owner> due_;  // turns; of some deaths that are over, too
  // What is to be asked for together, and in the same order whose it is.
  std::vector<Doomed> doomed_;
  std::vector<Owner> owners_;
  std::unique_ptr<Alarm> next_turn_;
  std::unique_ptr<Alarm> retry_;
};

}  // namespace hlb::connections
