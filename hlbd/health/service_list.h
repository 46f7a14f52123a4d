// The list of all services of a configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "health/service.h"

namespace hlb {

// Sums over all services of a list.
struct ServiceSums {
  std::size_t backends = 0;
  std::size_t checks = 0;  // once for each backend
  std::chrono::milliseconds longest_timeout{0};
  std::size_t with_names = 0;  // services with backends by name
  std::size_t closing = 0;     // services that may have connections ended
  std::size_t holding_back = 0;

  void add(const ServiceSpec& service);
};

// Never changes, so that threads may share it.
class ServiceList {
 public:
  // Takes services of different names.
  explicit ServiceList(std::vector<ServiceSpec> services);
  ServiceList(const ServiceList&) = delete;
  ServiceList& operator=(const ServiceList&) = delete;

  std::span<const ServiceSpec> all() const { return services_; }

  // The place of a service; nullopt if there is none of this name.
  std::optional<std::size_t> find(std::string_view service) const;

  const ServiceSums& sums() const { return sums_; }

 private:
  const std::vector<ServiceSpec> services_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  ServiceSums sums_;
};

using Services = std::shared_ptr<const ServiceList>;

inline Services list_of(std::vector<ServiceSpec> services) {
  return std::make_shared<const ServiceList>(std::move(services));
}

// A change from one list to another. To compare many services takes a while: a worker's job.
struct ServiceChange {
  Services now;
  Services before{};  // nullptr: not compared yet
  // For each service of `now` the place of its equal in `before`; nullopt: it is new or changed.
  std::vector<std::optional<std::size_t>> same{};
  // Whether each service that is the same has the place that it had. Then only the others cost
  // something.
  bool in_place = false;
};

// Compares two lists. If no service is changed, new, gone or in another place, `now` is `before`
// itself.
ServiceChange compare(Services now, Services before);
// The same where it is known of services that they are in `before` as they are in `now`: those
// aren't looked at.
ServiceChange compare(Services now, Services before, const std::vector<bool>& as_before);

// A change to a list on the way from `change.before` to `change.now`: `most` of the services that
// are new, changed or gone are so in it, the others stand as before. Without `now`: there are no
// more than that, or they can't change one after another, as a name goes from one to another.
ServiceChange part_way(const ServiceChange& change, std::size_t most);

}  // namespace hlb
