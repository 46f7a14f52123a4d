// Services as the configuration before had them, from which a new configuration takes.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/clock.h"
#include "engine/watched.h"
#include "health/service.h"
#include "health/service_list.h"
#include "health/verdict.h"

namespace hlb {

// All watched services, in the same order in each member.
struct WatchedServices {
  explicit WatchedServices(Services services)
      : list(std::move(services)),
        specs(list->all()),
        watched(specs.size()),
        verdicts(specs.size()) {}
  WatchedServices() : WatchedServices(list_of({})) {}

  // Changes to another list, whose services have the same places or are watched nowhere yet.
  void change_to(Services services);

  Services list;
  std::span<const ServiceSpec> specs;  // the services in `list`
  std::vector<WatchedService> watched;
  std::vector<ServiceVerdict> verdicts;
};

// Services by their places, whose verdicts nobody has been told of since they were made anew: each
// with the status that was told.
using Untold = std::map<std::size_t, ServiceStatus>;

class PreviousServices {
 public:
  PreviousServices(WatchedServices before, Untold untold)
      : before_(std::move(before)), untold_(std::move(untold)) {}

  // Moves the service that stood at `place`, and is as `spec` has it, whole into `watched` and
  // `verdict`.
  void take_whole(std::size_t place, const ServiceSpec& spec, WatchedService& watched,
                  ServiceVerdict& verdict);

  // Whether each service was taken whole, in their order.
  bool all_taken_whole() const { return in_order_ && taken_whole_ == before_.specs.size(); }

  // The status that was told of the service that stood at `place`; nullopt: it is the verdict's.
  std::optional<ServiceStatus> untold(std::size_t place) const;

  // The status that operators were told of the service of that name.
  ServiceStatus status(const ServiceSpec& spec) const;

  // The part that the checks of the service of that name have of the places; empty if there was
  // none.
  Rounds::Share share(const ServiceSpec& spec) const;

  // The record of which priority serves; nullptr if the service had no rule for that.
  std::unique_ptr<Failback> failback(const ServiceSpec& spec);

  // Takes the backend of that address, whatever its checks; nullopt if there was none, or it was
  // taken.
  std::optional<WatchedBackend> take(const ServiceSpec& spec, const Address& address);

  // Takes the service's backends that are up and that nobody took: to stay until then, or as those
  // that retired already were to.
  std::vector<WatchedBackend> left_up(const ServiceSpec& spec, Clock::TimePoint stay_until);

 private:
  WatchedServices before_;
  Untold untold_;
  std::size_t taken_whole_ = 0;
  bool in_order_ = true;
};

}  // namespace hlb
