#include "engine/previous_services.h"

#include <algorithm>
#include <utility>

namespace hlb {
namespace {

// Whether the backend was moved from, and so has no check.
bool is_taken(const WatchedBackend& backend) {
  return backend.checks.empty();
}

}  // namespace

void WatchedServices::change_to(Services services) {
  list = std::move(services);
  specs = list->all();
  watched.resize(specs.size());
  verdicts.resize(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i)
    verdicts[i].spec = &specs[i];
}

void PreviousServices::take_whole(std::size_t place, const ServiceSpec& spec,
                                  WatchedService& watched, ServiceVerdict& verdict) {
  watched = std::move(before_.watched[place]);
  verdict = std::move(before_.verdicts[place]);
  verdict.spec = &spec;
  in_order_ = in_order_ && place == taken_whole_;
  ++taken_whole_;
}

std::optional<ServiceStatus> PreviousServices::untold(std::size_t place) const {
  const auto found = untold_.find(place);
  return found == untold_.end() ? std::nullopt : std::optional(found->second);
}

ServiceStatus PreviousServices::status(const ServiceSpec& spec) const {
  const auto place = before_.list->find(spec.name);
  return place ? untold(*place).value_or(before_.verdicts[*place].status) : ServiceStatus();
}

Rounds::Share PreviousServices::share(const ServiceSpec& spec) const {
  const auto place = before_.list->find(spec.name);
  return place ? before_.watched[*place].share : Rounds::Share();
}

std::unique_ptr<Failback> PreviousServices::failback(const ServiceSpec& spec) {
  const auto place = before_.list->find(spec.name);
  return place ? std::move(before_.watched[*place].failback) : nullptr;
}

std::optional<WatchedBackend> PreviousServices::take(const ServiceSpec& spec,
                                                     const Address& address) {
  const auto place = before_.list->find(spec.name);
  if (!place) return std::nullopt;
  WatchedService& service = before_.watched[*place];
  if (const auto found = service.find(address)) {
    WatchedBackend& backend = service.backends[*found];
    if (!is_taken(backend)) return std::move(backend);
  }
  const auto retiring = std::ranges::find_if(service.retiring, [&](const WatchedBackend& each) {
    return !is_taken(each) && each.spec.address == address;
  });
  if (retiring == service.retiring.end()) return std::nullopt;
  return std::move(*retiring);
}

std::vector<WatchedBackend> PreviousServices::left_up(const ServiceSpec& spec,
                                                      Clock::TimePoint stay_until) {
  std::vector<WatchedBackend> left;
  const auto place = before_.list->find(spec.name);
  if (!place) return left;
  WatchedService& service = before_.watched[*place];
  // Those that waited for a name wait for the backends that it has given.
  const bool waited_for_names = !before_.specs[*place].named.empty();
  for (std::vector<WatchedBackend>* backends : {&service.backends, &service.retiring}) {
    for (WatchedBackend& backend : *backends) {
      if (is_taken(backend) || backend.standing() != State::up) continue;
      if (backends == &service.backends || waited_for_names) backend.stays_until = stay_until;
      left.push_back(std::move(backend));
    }
  }
  return left;
}

}  // namespace hlb
