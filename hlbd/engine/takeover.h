// What was watched, to be taken over by a new configuration.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/check.h"
#include "engine/watched.h"
#include "health/service.h"
#include "probes/target.h"

namespace hlb {

class Takeover {
 public:
  // `services` are those of `specs`, in their order.
  Takeover(std::span<const ServiceSpec> specs, std::vector<WatchedService> services);

  // The backend of that address, whatever tested it; nullopt if there was none, or it was taken.
  std::optional<WatchedBackend> take(const ServiceSpec& service, const Address& address);

  // The backends of that service that nobody took and that are up.
  std::vector<WatchedBackend> left_up(const ServiceSpec& service);

  // The check that does the same, whoever uses it; empty if there is none as yet, for the caller to
  // fill.
  std::shared_ptr<Check>& check(const probes::Target& target) { return checks_[target]; }

 private:
  struct TargetHash {
    std::size_t operator()(const probes::Target& target) const;
  };

  std::unordered_map<std::string, std::map<Address, WatchedBackend>> backends_;
  std::unordered_map<probes::Target, std::shared_ptr<Check>, TargetHash> checks_;
};

}  // namespace hlb
