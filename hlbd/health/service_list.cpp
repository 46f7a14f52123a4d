#include "health/service_list.h"

#include <algorithm>
#include <utility>

namespace hlb {

void ServiceSums::add(const ServiceSpec& service) {
  backends += service.backends.size();
  checks += service.backends.size() * service.checks.size();
  for (const CheckSpec& check : service.checks)
    longest_timeout = std::max(longest_timeout, check.timeout);
  with_names += service.named.empty() ? 0 : 1;
  closing += service.close_connections == CloseConnections::never ? 0 : 1;
  holding_back += holds_back(service) ? 1 : 0;
}

ServiceList::ServiceList(std::vector<ServiceSpec> services) : services_(std::move(services)) {
  by_name_.reserve(services_.size());
  for (std::size_t i = 0; i < services_.size(); ++i)
    by_name_.emplace(services_[i].name, i);
  for (const ServiceSpec& service : services_)
    sums_.add(service);
}

std::optional<std::size_t> ServiceList::find(std::string_view service) const {
  const auto found = by_name_.find(service);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

ServiceChange compare(Services now, Services before, const std::vector<bool>& as_before) {
  ServiceChange change{.now = std::move(now), .before = std::move(before), .in_place = true};
  change.same.resize(change.now->all().size());
  bool changed = change.now->all().size() != change.before->all().size();
  for (std::size_t i = 0; i < change.same.size(); ++i) {
    const ServiceSpec& service = change.now->all()[i];
    const auto place = change.before->find(service.name);
    if (place && (as_before[i] || change.before->all()[*place] == service)) change.same[i] = place;
    changed = changed || change.same[i] != i;
    change.in_place = change.in_place && change.same[i].value_or(i) == i;
  }
  if (!changed) change.now = change.before;
  return change;
}

ServiceChange compare(Services now, Services before) {
  const std::vector<bool> unknown(now->all().size());
  return compare(std::move(now), std::move(before), unknown);
}

}  // namespace hlb
