// Takes over a configuration: which services, backends and checks go on, start anew or retire.
#include "engine/monitor.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/last_words.h"

namespace hlb {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestFirstRound{10'000};

probes::Target target_of(const ServiceSpec& service, const BackendSpec& backend,
                         std::shared_ptr<const CheckSpec> check) {
  const bool told_the_service = std::holds_alternative<ExecCheck>(check->method);
  const std::uint16_t port = check_port(*check, backend);
  const Address address = check->address.value_or(backend.address);
  return {address, port, std::move(check), told_the_service ? service.name : ""};
}

// Calls `use(check)` for each check of the service's backends, the retiring ones too.
template <typename Use>
void for_each_check_ever(const WatchedService& service, Use use) {
  for (const std::vector<WatchedBackend>* backends : {&service.backends, &service.retiring}) {
    for (const WatchedBackend& backend : *backends)
      std::ranges::for_each(backend.checks, use);
  }
}

// Very many services may have one check.
std::vector<Check*> each_once(std::vector<Check*> checks) {
  std::ranges::sort(checks);
  const auto again = std::ranges::unique(checks);
  checks.erase(again.begin(), again.end());
  return checks;
}

}  // namespace

bool Monitor::apply(ServiceChange change, const Inherit& inherit) {
  if (change.before != all_.list) change = compare(std::move(change.now), all_.list);
  if (change.now == all_.list) return false;
  settle_what_changes(change);
  give_first_round_time(change.now->sums());
  const bool others = change.in_place ? amend(change, inherit) : take_over(change, inherit);
  if (others) hindrances_.recount();
  reapply_overrides();
  await_names();
  make_verdicts();
  served_before_.clear();
  // Places may be others.
  for (OnItsWay& each : on_their_way_) {
    each.left = OnItsWay::kAll;
    each.next = 0;
  }
  if (hurried_.under_way()) hurried_.start(all_.specs.size());
  if (end_of_first_round_.under_way()) end_of_first_round_.start(all_.specs.size());
  return others;
}

// Has all settled that decisions are still on their way to, of services that won't be as they were:
// what becomes of their backends begins with the states that they have then.
void Monitor::settle_what_changes(const ServiceChange& change) {
  if (on_their_way_.empty()) return;
  std::vector<bool> stays(all_.specs.size());
  for (const auto& same : change.same) {
    if (same) stays[*same] = true;
  }
  for (std::size_t i = 0; i < stays.size(); ++i) {
    if (!stays[i]) settle_before_verdict(i);
  }
}

// Returns whether any service changed. Whatever isn't taken from the previous services ends with
// this call. A service that stays the same may have changes that haven't been told as yet.
bool Monitor::take_over(const ServiceChange& change, const Inherit& inherit) {
  PreviousServices before(std::exchange(all_, WatchedServices(change.now)));
  const std::vector<std::size_t> stale = outdated_.take();
  const std::vector<Refreshed> untold = told_once(std::exchange(refreshed_, {}));
  const std::set<std::size_t> slow = std::exchange(slow_, {});
  outdated_.reset(all_.specs.size());
  bool others = false;
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    const auto same = change.same[i];
    if (!same) {
      watch(i, before, inherit);
      outdated_.mark(i);
      others = true;
      continue;
    }
    before.take_whole(*same, all_.specs[i], all_.watched[i], all_.verdicts[i]);
    if (std::ranges::binary_search(stale, *same) || slow.contains(*same)) outdated_.mark(i);
    const auto news = std::ranges::lower_bound(untold, *same, {}, &Refreshed::service);
    if (news != untold.end() && news->service == *same) refreshed_.push_back({i, news->before});
  }
  mass_failure_.reset(all_.list->sums().backends);
  enlist_users();
  totals_ = {};
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    totals_.add(all_.verdicts[i].status);
    go_on_slowly(i);
    await_failback(i);
  }
  std::vector<std::size_t> places(all_.specs.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  drop_retiring(std::move(places));
  return others || !before.all_taken_whole();
}

// Does the same where services that stay the same keep their places: nothing of them is touched,
// but for the pointer to the equal specification in the new list.
bool Monitor::amend(const ServiceChange& change, const Inherit& inherit) {
  const std::size_t count = change.now->all().size();
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < count; ++i) {
    if (!change.same[i]) changed.push_back(i);
  }
  std::vector<std::size_t> left = changed;  // places whose services go, or become others
  while (!left.empty() && left.back() >= all_.specs.size())
    left.pop_back();
  for (std::size_t i = count; i < all_.specs.size(); ++i)
    left.push_back(i);
  PreviousServices before(take_out(left));
  all_.change_to(change.now);
  outdated_.resize(count);
  for (const std::size_t place : changed) {
    watch(place, before, inherit);
    enlist_users(place);
    totals_.add(all_.verdicts[place].status);
    go_on_slowly(place);
    outdated_.mark(place);
  }
  drop_retiring(std::move(changed));
  for (const std::size_t service : slow_)
    outdated_.mark(service);
  mass_failure_.resize(all_.list->sums().backends);
  return true;
}

// Takes the services at these places out, which leaves nothing there, nor anything that is known of
// these places.
WatchedServices Monitor::take_out(const std::vector<std::size_t>& places) {
  std::vector<ServiceSpec> specs;
  specs.reserve(places.size());
  for (const std::size_t place : places)
    specs.push_back(all_.specs[place]);
  WatchedServices out(list_of(std::move(specs)));
  delist_users(places);
  mass_failure_.forget(std::vector<std::uint32_t>(places.begin(), places.end()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t place = places[i];
    totals_.take_out(all_.verdicts[place].status);
    outdated_.mark_at(place, std::nullopt);
    slow_.erase(place);
    out.watched[i] = std::exchange(all_.watched[place], {});
    out.verdicts[i] = std::exchange(all_.verdicts[place], {});
    out.verdicts[i].spec = &out.specs[i];
  }
  std::erase_if(refreshed_, [&](const Refreshed& each) {
    return std::ranges::binary_search(places, each.service);
  });
  return out;
}

void Monitor::watch(std::size_t place, PreviousServices& before, const Inherit& inherit) {
  const ServiceSpec& spec = all_.specs[place];
  CheckSpecs checks;
  checks.reserve(spec.checks.size());
  for (const CheckSpec& check : spec.checks)
    checks.push_back(std::make_shared<const CheckSpec>(check));
  WatchedService& service = all_.watched[place];
  service.share = before.share(spec);
  service.backends.reserve(spec.backends.size());
  for (const BackendSpec& backend : spec.backends) {
    service.backends.push_back(make_backend(spec, backend, checks, before, inherit, service.share));
  }
  service.index();
  service.retiring = before.left_up(spec);
  service.failback = failback_for(spec, before);
  all_.verdicts[place].status = before.status(spec);
}

WatchedBackend Monitor::make_backend(const ServiceSpec& service, const BackendSpec& spec,
                                     const CheckSpecs& checks, PreviousServices& before,
                                     const Inherit& inherit, Rounds::Share& share) {
  const std::optional<WatchedBackend> kept = before.take(service, spec.address);
  Inherited start = kept ? Inherited{kept->state, kept->since} : inherit(service, spec);
  WatchedBackend backend;
  backend.spec = spec;
  backend.checks_needed = service.checks_needed;
  backend.checks.reserve(checks.size());
  for (const auto& check : checks)
    backend.checks.push_back(check_for(target_of(service, spec, check), start.state, share));
  if (kept) start.words = words_left_by(kept->checks, backend.checks);
  hand_on(std::move(start.words), backend.checks);
  backend.state = backend.together();
  backend.since = start.since.value_or(clock_.now());
  if (kept) backend.back_since = kept->back_since;
  return backend;
}

std::unique_ptr<Failback> Monitor::failback_for(const ServiceSpec& service,
                                                PreviousServices& before) const {
  if (!holds_back(service)) return nullptr;
  if (auto known = before.failback(service)) return known;
  const auto served = served_before_.find(service.name);
  return served == served_before_.end() ? std::make_unique<Failback>()
                                        : std::make_unique<Failback>(served->second);
}

std::shared_ptr<Check> Monitor::check_for(const probes::Target& target, State initial,
                                          Rounds::Share& share) {
  if (auto shared = checks_.find(target)) {
    rounds_.share(*shared, share);
    return shared;
  }
  const auto check = checks_.add(std::make_unique<Check>(target, make_, initial, host_.identity));
  check->awaited_until = awaited_until_;
  rounds_.enlist(*check, share);
  return check;
}

// Goes on with the slow start of backends that had come back before.
void Monitor::go_on_slowly(std::size_t service) {
  const milliseconds slow_start = all_.specs[service].slow_start;
  if (slow_start == milliseconds{0}) return;
  if (all_.watched[service].slow_until(slow_start) > clock_.now()) start_slowly(service);
}

void Monitor::enlist_users() {
  for (const WatchedService& service : all_.watched) {
    for_each_check_ever(service, [](const auto& check) {
      check->users.clear();
      check->left_by.clear();
    });
  }
  unheard_ = 0;
  for (std::size_t i = 0; i < all_.watched.size(); ++i)
    enlist_users(i);
}

void Monitor::enlist_users(std::size_t service) {
  const WatchedService& watched = all_.watched[service];
  const auto place = static_cast<std::uint32_t>(service);
  for (std::uint32_t i = 0; i < watched.backends.size(); ++i) {
    for (const auto& check : watched.backends[i].checks)
      enlist_user(*check, {place, i});
  }
  for (const WatchedBackend& backend : watched.retiring) {
    for (const auto& check : backend.checks)
      check->left_by.push_back(place);
  }
}

// `services` is in order.
void Monitor::delist_users(std::span<const std::size_t> services) {
  std::vector<Check*> checks;
  for (const std::size_t service : services) {
    for_each_check_ever(all_.watched[service],
                        [&](const auto& check) { checks.push_back(check.get()); });
  }
  const auto goes = [&](std::size_t service) {
    return std::ranges::binary_search(services, service);
  };
  for (Check* const check : each_once(std::move(checks))) {
    const bool counted = !check->users.empty() && check->awaited();
    std::erase_if(check->users, [&](const Check::User& user) { return goes(user.service); });
    std::erase_if(check->left_by, goes);
    if (counted && check->users.empty()) --unheard_;
  }
}

// Drops the retiring backends of those of these services that await no more outcomes.
void Monitor::drop_retiring(std::vector<std::size_t> services) {
  std::erase_if(services, [this](std::size_t service) {
    return all_.watched[service].retiring.empty() || awaits_outcomes(service);
  });
  if (services.empty()) return;
  std::ranges::sort(services);
  std::vector<Check*> checks;  // another service may go on with one
  for (const std::size_t service : services) {
    for (const WatchedBackend& backend : all_.watched[service].retiring) {
      for (const auto& check : backend.checks)
        checks.push_back(check.get());
    }
  }
  for (Check* const check : each_once(std::move(checks))) {
    std::erase_if(check->left_by, [&](std::size_t service) {
      return std::ranges::binary_search(services, service);
    });
  }
  for (const std::size_t service : services) {
    all_.watched[service].retiring.clear();
    outdated_.mark(service);
  }
  hindrances_.recount();
}

void Monitor::enlist_user(Check& check, const Check::User& user) {
  if (check.users.empty() && check.awaited()) ++unheard_;
  check.users.push_back(user);
}

void Monitor::give_first_round_time(const ServiceSums& sums) {
  constexpr milliseconds kMargin{500};
  constexpr std::size_t kProbesPerMillisecond = 10;
  const milliseconds enough =
      sums.longest_timeout + kMargin + milliseconds(sums.checks / kProbesPerMillisecond);
  awaited_until_ = clock_.now() + std::min(enough, kLongestFirstRound);
  if (first_round_end_) return;
  first_round_timed_out_ = false;
  first_round_end_ = awaited_until_;
  first_round_->set(awaited_until_);
}

// Has verdicts made of services which wait for a name again.
void Monitor::await_names() {
  if (all_.list->sums().with_names == 0) return;
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    if (!all_.specs[i].named.empty()) outdated_.mark(i);
  }
}

// Applies the overrides in force to the backends of a new configuration.
void Monitor::reapply_overrides() {
  for (const Overrides* const those : {&fleet_overrides_, &overrides_}) {
    for (const auto& [key, override] : those->all())
      override_backend(key, override.kind);
  }
}

}  // namespace hlb
