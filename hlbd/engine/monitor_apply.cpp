// Takes over a configuration: which services, backends and checks go on, start anew or retire.
#include "engine/monitor.h"

#include <algorithm>
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

void forget_users(Check& check) {
  check.users.clear();
  check.left_by.clear();
}

std::size_t count_backends(std::span<const ServiceSpec> services) {
  std::size_t count = 0;
  for (const ServiceSpec& service : services)
    count += service.backends.size();
  return count;
}

}  // namespace

bool Monitor::apply(ServiceChange change, const Inherit& inherit) {
  if (change.before != all_.list) change = compare(std::move(change.now), all_.list);
  if (change.now == all_.list) return false;
  const bool others = take_over(change, inherit);
  if (others) checks_.drop_gone();
  if (others) hindrances_.recount();
  mass_failure_.reset(count_backends(all_.specs));
  enlist_users();
  reapply_overrides();
  go_on_slowly();
  give_first_round_time();
  drop_retiring();
  for (std::size_t i = 0; i < all_.specs.size(); ++i)
    await_failback(i);
  make_first_verdicts();
  served_before_.clear();
  return others;
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
  return others || !before.all_taken_whole();
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
  auto check = std::make_shared<Check>(target, make_, initial, host_.identity);
  checks_.add(check);
  rounds_.enlist(*check, share);
  return check;
}

// Goes on with the slow start of backends that had come back before.
void Monitor::go_on_slowly() {
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    const ServiceSpec& spec = all_.specs[i];
    if (spec.slow_start == milliseconds{0}) continue;
    if (all_.watched[i].slow_until(spec.slow_start) > clock_.now()) start_slowly(i);
  }
}

void Monitor::enlist_users() {
  for (const WatchedService& service : all_.watched) {
    for (const WatchedBackend& backend : service.retiring) {
      for (const auto& check : backend.checks)
        forget_users(*check);
    }
  }
  for_each_check(all_.watched, [](const auto& check) { forget_users(*check); });
  unheard_ = 0;
  for (std::uint32_t i = 0; i < all_.watched.size(); ++i) {
    const WatchedService& service = all_.watched[i];
    for (std::uint32_t k = 0; k < service.backends.size(); ++k) {
      for (const auto& check : service.backends[k].checks)
        enlist_user(*check, {i, k});
    }
    for (const WatchedBackend& backend : service.retiring) {
      for (const auto& check : backend.checks)
        check->left_by.push_back(i);
    }
  }
}

void Monitor::enlist_user(Check& check, const Check::User& user) {
  if (check.users.empty() && check.awaited()) ++unheard_;
  check.users.push_back(user);
}

void Monitor::give_first_round_time() {
  milliseconds longest_timeout{0};
  std::size_t checks = 0;
  for (const ServiceSpec& service : all_.specs) {
    for (const CheckSpec& check : service.checks)
      longest_timeout = std::max(longest_timeout, check.timeout);
    checks += service.backends.size() * service.checks.size();
  }
  constexpr milliseconds kMargin{500};
  constexpr std::size_t kProbesPerMillisecond = 10;
  const milliseconds enough =
      longest_timeout + kMargin + milliseconds(checks / kProbesPerMillisecond);
  first_round_timed_out_ = false;
  first_round_->set(clock_.now() + std::min(enough, kLongestFirstRound));
}

// Makes the verdicts of a new configuration that are missing, and of services which wait for a name
// again.
void Monitor::make_first_verdicts() {
  totals_ = {};
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    totals_.add(all_.verdicts[i].status);
    if (!all_.specs[i].named.empty()) outdated_.mark(i);
  }
  make_verdicts();
}

// Applies the overrides in force to the backends of a new configuration.
void Monitor::reapply_overrides() {
  for (const Overrides* const those : {&fleet_overrides_, &overrides_}) {
    for (const auto& [key, override] : those->all())
      override_backend(key, override.kind);
  }
}

}  // namespace hlb
