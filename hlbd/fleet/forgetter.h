// Takes backends out of the catalog that their hosts have registered with forget_after, once they
// have been down for so long: their hosts may be gone for good.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "fleet/engine.h"
#include "fleet/engine_writer.h"
#include "fleet/entries.h"
#include "health/machine.h"
#include "libnss_hlb/random.h"
#include "system/scope.h"

namespace hlb::fleet {

// Whether a backend is to go which this host has found in that state for so long. A host that
// reaches no other backend of the service either is the likelier cause.
bool is_to_be_forgotten(const FleetBackend& backend, State state, Clock::TimePoint::duration lasted,
                        bool another_is_up);

// Every host of the fleet does this, each at times of its own, so that mostly one does: what is
// gone already, or was registered anew, is left alone. A host that may not write is refused, and
// says nothing of it. Used by hlbd's loop alone.
class Forgetter {
 public:
  static constexpr std::chrono::seconds kLookEvery{60};  // ± half of it

  // The keys that are to go, with the revisions at which that was found.
  using Dead = std::function<std::vector<Transaction::Condition>()>;
  // Called with the keys that have gone.
  using OnForgotten = std::function<void(const std::vector<Transaction::Condition>& keys)>;

  // `clock` must outlive it.
  Forgetter(boost::asio::any_io_executor executor, Clock& clock, Connect connect,
            std::vector<std::string> endpoints, std::uint64_t seed, Dead dead,
            OnForgotten on_forgotten);

 private:
  void look_later();
  void look();
  boost::asio::awaitable<void> take_out(std::vector<Transaction::Condition> keys);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  EngineWriter writer_;
  std::vector<std::string> endpoints_;
  Dead dead_;
  OnForgotten on_forgotten_;
  Random random_;
  std::unique_ptr<Alarm> next_;
  Scope scope_;
};

}  // namespace hlb::fleet
