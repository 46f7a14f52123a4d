// What was watched, to be taken over by a new configuration.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/watched.h"
#include "health/service.h"
#include "health/verdict.h"

namespace hlb {

// Services, in one order in all three.
struct WatchedServices {
  std::vector<ServiceSpec> specs;
  std::vector<WatchedService> watched;
  std::vector<ServiceVerdict> verdicts;
  std::unordered_map<std::string_view, std::size_t> by_name;

  // To be called when there are other ones.
  void index();
  // Where a service stands; nullopt if there is none of this name.
  std::optional<std::size_t> find(std::string_view service) const;
};

class Takeover {
 public:
  explicit Takeover(WatchedServices before) : before_(std::move(before)) {}

  // Puts the service that is as `spec` has it, whole, into `watched` and `verdict`. False if it was
  // another one, or none.
  bool take_whole(const ServiceSpec& spec, WatchedService& watched, ServiceVerdict& verdict);

  // Whether each service was taken whole, in their order.
  bool all_taken_whole() const { return in_order_ && taken_whole_ == before_.specs.size(); }

  // What operators were told of the service of that name.
  ServiceStatus status(const ServiceSpec& spec) const;

  // The backend of that address, whatever tested it; nullopt if there was none, or it was taken.
  std::optional<WatchedBackend> take(const ServiceSpec& spec, const Address& address);

  // The backends of that service that nobody took and that are up.
  std::vector<WatchedBackend> left_up(const ServiceSpec& spec);

 private:
  WatchedServices before_;
  std::size_t taken_whole_ = 0;
  bool in_order_ = true;
};

}  // namespace hlb
