// Runs the operator's program when a backend goes down or comes back (on_change).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "health/machine.h"
#include "health/service.h"
#include "programs/runner.h"

namespace hlb {

// Used by hlbd's loop alone, which waits for nothing.
//
// The changes of one backend are told one at a time. Whatever happens to it while its program runs,
// or waits for its turn, is told by one more run: from the state that was told last to the state
// that it has then, and by no run if that is no news. A run that fails is a warning, and isn't
// repeated; a run that couldn't begin, for want of the helper, of processes or the like, is retried
// each kRetry.
class Hooks {
 public:
  static constexpr std::size_t kMaxAtOnce = 8;           // over all services; the others wait
  static constexpr std::chrono::seconds kTimeLimit{30};  // then it is killed, with all it started
  static constexpr std::size_t kMaxReason = 256;         // characters
  // Delay from a change to its run, so that lookups see the change by then.
  static constexpr std::chrono::milliseconds kDelay{100};
  static constexpr std::chrono::milliseconds kRetry{1000};

  struct Settings {
    std::vector<std::string> command{};  // of services that have none of their own; empty: none
    std::string user = "nobody";         // who runs all of them when the helper is root
    std::chrono::milliseconds time_limit = kTimeLimit;
  };
  using Programs = std::shared_ptr<programs::Runner>;

  // `programs` is called before the first program is run, and not if there is none.
  Hooks(boost::asio::any_io_executor executor, std::function<Programs()> programs);
  // Drops the changes that wait. Programs that run are killed when their loop goes, and else go on,
  // unheard.
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // Sets what holds for the runs from now on.
  void configure(Settings settings);

  // Tells that the state of a backend has changed: of going down whatever was before, of coming up
  // only after having been down, as it is no news that all are up when hlbd starts. `reason` is for
  // people.
  void transition(const ServiceSpec& service, const BackendSpec& backend, State before, State after,
                  std::string_view reason);

 private:
  struct Queue;

  std::unique_ptr<Queue> queue_;
};

}  // namespace hlb
