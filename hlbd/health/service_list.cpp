#include "health/service_list.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

namespace hlb {
namespace {

bool every_name_differs(const std::vector<ServiceSpec>& services) {
  std::unordered_set<std::string_view> names;
  names.reserve(services.size());
  const auto is_new = [&names](const std::string& name) { return names.insert(name).second; };
  return std::ranges::all_of(services, [&](const ServiceSpec& service) {
    return is_new(service.name) && std::ranges::all_of(service.aliases, is_new) &&
           std::ranges::all_of(service.except, is_new);
  });
}

// The places in `change.before` of services that `change.now` has no more.
std::vector<std::size_t> places_gone(const ServiceChange& change) {
  std::vector<bool> stays(change.before->all().size());
  for (std::size_t i = 0; i < change.same.size(); ++i) {
    const auto place = change.before->find(change.now->all()[i].name);
    if (place) stays[*place] = true;
  }
  std::vector<std::size_t> gone;
  for (std::size_t place = 0; place < stays.size(); ++place) {
    if (!stays[place]) gone.push_back(place);
  }
  return gone;
}

}  // namespace

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

ServiceChange part_way(const ServiceChange& change, std::size_t most) {
  const std::span<const ServiceSpec> now = change.now->all();
  const std::span<const ServiceSpec> before = change.before->all();
  const std::vector<std::size_t> gone = places_gone(change);
  const auto others = static_cast<std::size_t>(
      std::ranges::count_if(change.same, [](const auto& place) { return !place; }));
  if (others + gone.size() <= most) return {};
  ServiceChange part{.now = nullptr, .before = change.before, .in_place = true};
  std::vector<ServiceSpec> services;
  services.reserve(now.size() + gone.size());
  const auto add = [&](const ServiceSpec& service, std::optional<std::size_t> same) {
    part.in_place = part.in_place && same.value_or(services.size()) == services.size();
    part.same.push_back(same);
    services.push_back(service);
  };
  std::size_t made = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool is_made = change.same[i] || made++ < most;
    const auto place = is_made ? std::nullopt : change.before->find(now[i].name);
    if (is_made) add(now[i], change.same[i]);
    if (place) add(before[*place], place);
  }
  // The last ones go first, which leaves the others in their places.
  const std::size_t to_go = std::min(gone.size(), most - std::min(most, others));
  for (const std::size_t place : std::span(gone).first(gone.size() - to_go))
    add(before[place], place);
  if (every_name_differs(services)) part.now = list_of(std::move(services));
  return part;
}

}  // namespace hlb
