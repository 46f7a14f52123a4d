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
// The changes of one backend are told one at a time. What happens to it while its program runs, or
// waits for its turn, is told by one run more: from the state that was told last to the one that it
// has then, and by none if that is no news. A run that fails is a warning, and isn't repeated; one
// that couldn't begin, for want of the helper, of processes or the like, is tried again each
// kRetry.
class Hooks {
 public:
  static constexpr std::size_t kMaxAtOnce = 8;           // over all services; the others wait
  static constexpr std::chrono::seconds kTimeLimit{30};  // then it is killed, with all it started
  static constexpr std::size_t kMaxReason = 256;         // characters
  // A change is told so long after it was seen, when lookups see it too.
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
  // Drops what waits. What runs is killed when its loop goes, and else goes on, unheard.
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // For the runs from now on.
  void configure(Settings settings);

  // The state of a backend has changed. Going down is told whatever was before, coming up only
  // after having been down: that all are up is no news when hlbd starts. `reason` is for people.
  void transition(const ServiceSpec& service, const BackendSpec& backend, State before, State after,
                  std::string_view reason);

 private:
  struct Queue;

  std::unique_ptr<Queue> queue_;
};

}  // namespace hlb
