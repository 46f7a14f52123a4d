// Takes over a configuration: which services, backends and checks go on, start anew or retire.
#include "engine/monitor.h"

#include <algorithm>
#include <string>
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

// The check that has found the backend as its checks together do; nullptr where they only suppose
// that.
const Check* finder_of(const WatchedBackend& backend) {
  const auto finder =
      std::ranges::find_if(backend.checks, [state = backend.together()](const auto& check) {
        return check->decided() && check->state() == state;
      });
  return finder == backend.checks.end() ? nullptr : finder->get();
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
  served_before_.clear();
  // Places may be others, and so may the order of marks.
  for (auto& [check, each] : on_their_way_)
    each.last = outdated_.last();
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
  PreviousServices before(std::exchange(all_, WatchedServices(change.now)),
                          std::exchange(refreshed_, {}));
  outdated_.rearrange(change.same);
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    const auto same = change.same[i];
    if (!same) {
      watch(i, before, inherit);
      changed.push_back(i);
      continue;
    }
    before.take_whole(*same, all_.specs[i], all_.watched[i], all_.verdicts[i]);
    if (const auto told = before.untold(*same)) refreshed_.emplace(i, *told);
  }
  mass_failure_.reset(all_.list->sums().backends);
  enlist_users();
  totals_ = {};
  for (const ServiceVerdict& verdict : all_.verdicts)
    totals_.add(verdict.status);
  for (const std::size_t place : changed) {
    settle_as_known(place);
    make_verdict(place);
  }
  return !changed.empty() || !before.all_taken_whole();
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
  PreviousServices before = take_out(left);
  all_.change_to(change.now);
  outdated_.resize(count);
  for (const std::size_t place : changed) {
    watch(place, before, inherit);
    enlist_users(place);
    totals_.add(all_.verdicts[place].status);
    settle_as_known(place);
    make_verdict(place);
  }
  mass_failure_.resize(all_.list->sums().backends);
  return true;
}

// Takes the services at these places out, which leaves nothing there, nor anything that is known of
// these places.
PreviousServices Monitor::take_out(const std::vector<std::size_t>& places) {
  std::vector<ServiceSpec> specs;
  specs.reserve(places.size());
  for (const std::size_t place : places)
    specs.push_back(all_.specs[place]);
  WatchedServices out(list_of(std::move(specs)));
  Untold untold;
  delist_users(places);
  mass_failure_.forget(std::vector<std::uint32_t>(places.begin(), places.end()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t place = places[i];
    totals_.take_out(all_.verdicts[place].status);
    outdated_.mark_at(place, std::nullopt);
    if (auto told = refreshed_.extract(place)) {
      told.key() = i;
      untold.insert(std::move(told));
    }
    out.watched[i] = std::exchange(all_.watched[place], {});
    out.verdicts[i] = std::exchange(all_.verdicts[place], {});
    out.verdicts[i].spec = &out.specs[i];
  }
  return {std::move(out), std::move(untold)};
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
  service.retiring = before.left_up(spec, awaited_until_);
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
  if (const Override* const override = override_of(service.name, spec.address))
    backend.override = override->kind;
  backend.checks_needed = service.checks_needed;
  backend.checks.reserve(checks.size());
  for (const auto& check : checks)
    backend.checks.push_back(check_for(target_of(service, spec, check), start.state, share));
  if (kept) start.words = words_left_by(kept->checks, backend.checks);
  hand_on(std::move(start.words), backend.checks);
  const bool to_be_told = kept || finder_of(backend) != nullptr;  // by settle_as_known()
  backend.state = to_be_told ? start.state : backend.together();
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

// Has the backends of a service that is new, or checked otherwise than before, follow what their
// checks know already.
void Monitor::settle_as_known(std::size_t service) {
  for (WatchedBackend& backend : all_.watched[service].backends) {
    const Check* const finder = finder_of(backend);
    if (finder == nullptr) continue;
    const bool by_the_last =
        finder->judge.against() == 0 && finder->history.last() != History::kUnknown;
    const std::string reason =
        by_the_last ? finder->history.reason() : "found before, for other services";
    const Outcome found =
        finder->state() == State::up ? Outcome::pass(reason) : Outcome::hard_failure(reason);
    settle(service, backend, {*finder, found, {}});
  }
}

void Monitor::enlist_users() {
  for (const WatchedService& service : all_.watched)
    for_each_check_ever(service, [](const auto& check) { check->users.clear(); });
  leavers_.clear();
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
  enlist_leavers(service);
}

void Monitor::enlist_leavers(std::size_t service) {
  for (const WatchedBackend& backend : all_.watched[service].retiring) {
    for (const auto& check : backend.checks)
      leavers_.emplace(check.get(), static_cast<std::uint32_t>(service));
  }
}

void Monitor::delist_leavers(std::size_t service) {
  for (const WatchedBackend& backend : all_.watched[service].retiring) {
    for (const auto& check : backend.checks)
      leavers_.erase({check.get(), static_cast<std::uint32_t>(service)});
  }
}

// `services` is in order.
void Monitor::delist_users(std::span<const std::size_t> services) {
  std::vector<Check*> checks;
  for (const std::size_t service : services) {
    delist_leavers(service);
    for_each_check({&all_.watched[service], 1},
                   [&](const auto& check) { checks.push_back(check.get()); });
  }
  const auto goes = [&](std::size_t service) {
    return std::ranges::binary_search(services, service);
  };
  for (Check* const check : each_once(std::move(checks))) {
    const bool counted = !check->users.empty() && check->awaited();
    std::erase_if(check->users, [&](const Check::User& user) { return goes(user.service); });
    if (counted && check->users.empty()) --unheard_;
  }
}

// Drops the retiring backends of a service that awaits no more outcomes, else those that have
// stayed for as long as they may. Returns whether there were any.
bool Monitor::drop_retiring(std::size_t service) {
  std::vector<WatchedBackend>& retiring = all_.watched[service].retiring;
  if (retiring.empty()) return false;
  const bool awaits = awaits_outcomes(service);
  const bool by_name = !all_.specs[service].named.empty();
  const auto goes = [&](const WatchedBackend& backend) {
    return !awaits || (!by_name && backend.stays_until <= clock_.now());
  };
  if (std::ranges::none_of(retiring, goes)) return false;
  delist_leavers(service);
  std::erase_if(retiring, goes);
  enlist_leavers(service);
  hindrances_.recount();
  return true;
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
  // Never sooner than before: a round that ends is to end for all that were there.
  awaited_until_ = std::max(awaited_until_, clock_.now() + std::min(enough, kLongestFirstRound));
  if (first_round_end_) return;
  if (std::exchange(first_round_timed_out_, false)) await_names();
  first_round_end_ = awaited_until_;
  first_round_->set(awaited_until_);
}

// Has verdicts made of services which may wait for a name again.
void Monitor::await_names() {
  if (all_.list->sums().with_names == 0) return;
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    if (!all_.specs[i].named.empty()) outdated_.mark(i);
  }
}

}  // namespace hlb
