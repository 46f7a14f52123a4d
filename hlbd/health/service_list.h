// All services of a configuration together.
#pragma once

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

// Never changes, so that threads may share it.
class ServiceList {
 public:
  // No two have the same name.
  explicit ServiceList(std::vector<ServiceSpec> services);
  ServiceList(const ServiceList&) = delete;
  ServiceList& operator=(const ServiceList&) = delete;

  std::span<const ServiceSpec> all() const { return services_; }

  // Where a service stands; nullopt if there is none of this name.
  std::optional<std::size_t> find(std::string_view service) const;

 private:
  const std::vector<ServiceSpec> services_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
};

using Services = std::shared_ptr<const ServiceList>;

inline Services list_of(std::vector<ServiceSpec> services) {
  return std::make_shared<const ServiceList>(std::move(services));
}

// From one list to another. With many services it takes a while to tell them apart: for a worker.
struct ServiceChange {
  Services now;
  Services before{};  // nullptr: they haven't been compared yet
  // For each service of `now`, where the very same stands in `before`; nullopt: it is another one.
  std::vector<std::optional<std::size_t>> same{};
};

// If none is another one, or has another place, `now` is `before` itself.
ServiceChange compare(Services now, Services before);

}  // namespace hlb
