#include "engine/monitor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/last_words.h"
#include "health/advice.h"
#include "health/schedule.h"

namespace hlb {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestFirstRound{10'000};
constexpr milliseconds kRampStep{500};
constexpr std::size_t kHurriedPerMillisecond = 40;  // 10,000 checks within 250 ms

probes::Target target_of(const ServiceSpec& service, const BackendSpec& backend,
                         std::shared_ptr<const CheckSpec> check) {
  const bool told_the_service = std::holds_alternative<ExecCheck>(check->method);
  const std::uint16_t port = check_port(*check, backend);
  const Address address = check->address.value_or(backend.address);
  return {address, port, std::move(check), told_the_service ? service.name : ""};
}

template <typename Function>
void for_each_check(std::span<const WatchedService> services, Function function) {
  for (const WatchedService& service : services) {
    for (const WatchedBackend& backend : service.backends)
      std::ranges::for_each(backend.checks, function);
  }
}

// In the order of the services, each with the state before the first of its changes.
std::vector<Refreshed> told_once(std::vector<Refreshed> services) {
  std::ranges::stable_sort(services, {}, &Refreshed::service);
  const auto again = std::ranges::unique(services, {}, &Refreshed::service);
  services.erase(again.begin(), again.end());
  return services;
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

void Totals::add(const ServiceStatus& status) {
  services_down += status.state == ServiceState::down ? 1 : 0;
  services_healthy += status.healthy > 0 ? 1 : 0;
  backends += status.backends;
  backends_up += status.up;
}

void Totals::take_out(const ServiceStatus& status) {
  services_down -= status.state == ServiceState::down ? 1 : 0;
  services_healthy -= status.healthy > 0 ? 1 : 0;
  backends -= status.backends;
  backends_up -= status.up;
}

Monitor::Monitor(const boost::asio::any_io_executor& executor, Clock& clock, MakeProbe make,
                 Host host, Observer& observer)
    : clock_(clock),
      make_(std::move(make)),
      host_(host),
      observer_(observer),
      chance_(host.seed),
      rounds_(executor, clock, host.places,
              [this](Check& check, const Outcome& outcome) { return take(check, outcome); }),
      overrides_(clock,
                 [this](const Overrides::Key& key, const Override& ended) {
                   tell_override({key, &ended, nullptr, OverrideChange::Cause::by_time});
                 }),
      hindrances_(clock, [this](const Hindrances::News& news) { tell(news); }),
      first_round_(clock.alarm([this] { end_first_round(); })),
      ramp_(clock.alarm([this] { next_ramp_step(); })),
      failbacks_(clock, [this](std::size_t service) {
        stale_.mark(service);
        observer_.verdicts_changed();
      }) {}

// ---- what is watched ---------------------------------------------------------------------------

bool Monitor::apply(ServiceChange change, const Published& published) {
  if (change.before != all_.list) change = compare(std::move(change.now), all_.list);
  if (change.now == all_.list) return false;
  const bool others = take_over(change, published);
  if (others) checks_.drop_gone();
  if (others) hindrances_.recount();
  mass_failure_.reset(count_backends(all_.specs));
  enlist_users();
  restore_overrides();
  go_on_slowly();
  give_first_round_time();
  drop_retired();
  failbacks_.clear();
  for (std::size_t i = 0; i < all_.specs.size(); ++i)
    await_failback(i);
  make_first_verdicts();
  served_before_.clear();
  return others;
}

// Whether any service is another one. What nobody takes goes with the end of this. A service that
// stays the same may have news that haven't been told as yet.
bool Monitor::take_over(const ServiceChange& change, const Published& published) {
  Takeover before(std::exchange(all_, WatchedServices(change.now)));
  const std::vector<std::size_t> stale = stale_.take();
  const std::vector<Refreshed> untold = told_once(std::exchange(refreshed_, {}));
  const std::set<std::size_t> slow = std::exchange(slow_, {});
  stale_.reset(all_.specs.size());
  bool others = false;
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    const auto same = change.same[i];
    if (!same) {
      watch(i, before, published);
      stale_.mark(i);
      others = true;
      continue;
    }
    before.take_whole(*same, all_.specs[i], all_.watched[i], all_.verdicts[i]);
    if (std::ranges::binary_search(stale, *same) || slow.contains(*same)) stale_.mark(i);
    const auto news = std::ranges::lower_bound(untold, *same, {}, &Refreshed::service);
    if (news != untold.end() && news->service == *same) refreshed_.push_back({i, news->before});
  }
  return others || !before.all_taken_whole();
}

void Monitor::watch(std::size_t place, Takeover& before, const Published& published) {
  const ServiceSpec& spec = all_.specs[place];
  CheckSpecs checks;
  checks.reserve(spec.checks.size());
  for (const CheckSpec& check : spec.checks)
    checks.push_back(std::make_shared<const CheckSpec>(check));
  WatchedService& service = all_.watched[place];
  service.share = before.share(spec);
  service.backends.reserve(spec.backends.size());
  for (const BackendSpec& backend : spec.backends) {
    service.backends.push_back(
        make_backend(spec, backend, checks, before, published, service.share));
  }
  service.index();
  service.retiring = before.left_up(spec);
  service.failback = failback_for(spec, before);
  all_.verdicts[place].status = before.status(spec);
}

WatchedBackend Monitor::make_backend(const ServiceSpec& service, const BackendSpec& spec,
                                     const CheckSpecs& checks, Takeover& before,
                                     const Published& published, Rounds::Share& share) {
  const std::optional<WatchedBackend> known = before.take(service, spec.address);
  Known start = known ? Known{known->state, known->since} : published(service, spec);
  WatchedBackend backend;
  backend.spec = spec;
  backend.checks_needed = service.checks_needed;
  backend.checks.reserve(checks.size());
  for (const auto& check : checks)
    backend.checks.push_back(check_for(target_of(service, spec, check), start.state, share));
  if (known) start.words = words_left_by(known->checks, backend.checks);
  hand_on(std::move(start.words), backend.checks);
  backend.state = backend.together();
  backend.since = start.since.value_or(clock_.now());
  if (known) backend.back_since = known->back_since;
  return backend;
}

std::unique_ptr<Failback> Monitor::failback_for(const ServiceSpec& service,
                                                Takeover& before) const {
  if (!holds_back(service)) return nullptr;
  if (auto known = before.failback(service)) return known;
  const auto served = served_before_.find(service.name);
  return served == served_before_.end() ? std::make_unique<Failback>()
                                        : std::make_unique<Failback>(served->second);
}

std::shared_ptr<Check> Monitor::check_for(const probes::Target& target, State published,
                                          Rounds::Share& share) {
  if (auto shared = checks_.find(target)) {
    rounds_.share(*shared, share);
    return shared;
  }
  auto check = std::make_shared<Check>(target, make_, published, host_.identity);
  checks_.add(check);
  rounds_.enlist(*check, share);
  return check;
}

// Those that come back slowly go on with it.
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

void Monitor::end_first_round() {
  for (std::size_t i = 0; i < all_.verdicts.size(); ++i) {
    const bool may_wait = has_standby_rules(all_.specs[i]) && awaits_any(i);
    if (all_.verdicts[i].undecided || may_wait) stale_.mark(i);
  }
  first_round_timed_out_ = true;
  for_each_check(all_.watched, [](const auto& check) { check->had_time = true; });
  drop_retired();
  observer_.verdicts_changed();
}

// How long a name may await its first answer is not said here: see discovery::NameWatch.
bool Monitor::awaits_outcomes(std::size_t service) const {
  return !all_.specs[service].named.empty() ||
         (!first_round_timed_out_ && all_.watched[service].awaits_first_outcomes());
}

// Whether outcomes are awaited, or names, that can change what is known of it.
bool Monitor::awaits_any(std::size_t service) const {
  return !all_.specs[service].named.empty() || all_.watched[service].any_undecided();
}

void Monitor::drop_retired() {
  for (std::size_t i = 0; i < all_.watched.size(); ++i)
    drop_retired(i);
}

void Monitor::drop_retired(std::size_t service) {
  std::vector<WatchedBackend>& retiring = all_.watched[service].retiring;
  if (retiring.empty() || awaits_outcomes(service)) return;
  retiring.clear();
  hindrances_.recount();
  stale_.mark(service);
}

State Monitor::state_of(std::string_view service, const Address& backend) const {
  const auto place = find(service);
  if (!place) return State::unknown;
  const WatchedService& watched = all_.watched[*place];
  const auto found = watched.find(backend);
  return found ? watched.backends[*found].state : State::unknown;
}

std::vector<Endpoint> Monitor::listeners() const {
  std::vector<Endpoint> listeners;
  for_each_check(all_.watched, [&](const auto& check) {
    const bool asks = check->asks_over_network() || check->target().port != 0;
    if (asks && check->spec().way.netns.empty()) listeners.push_back(check->target().place());
  });
  return listeners;
}

void Monitor::probe_now(const std::function<bool(const probes::Target&)>& concerned) {
  for_each_check(all_.watched, [&](const auto& check) {
    if (concerned(check->target())) rounds_.hurry(*check);
  });
}

void Monitor::probe_now(std::span<const Endpoint> places) {
  for (const auto& [address, port] : places) {
    for (const auto& check : checks_.at(address, port))
      rounds_.hurry(*check);
  }
}

void Monitor::probe_network() {
  std::size_t concerned = 0;
  for_each_check(all_.watched, [&](const auto& check) {
    if (!check->asks_over_network() || check->target().address.is_loopback()) return;
    rounds_.hurry(*check, milliseconds(concerned++ / kHurriedPerMillisecond));
  });
}

void Monitor::hint(std::span<const Endpoint> places) {
  for (const auto& [address, port] : places) {
    for (const auto& check : checks_.at(address, port)) {
      if (check->asks_over_network()) rounds_.hint(*check);
    }
  }
}

bool Monitor::first_round_over() const {
  return unheard_ == 0 || first_round_timed_out_;
}

// ---- the verdicts ------------------------------------------------------------------------------

std::vector<Refreshed> Monitor::refresh() {
  make_verdicts();
  return told_once(std::exchange(refreshed_, {}));
}

// Of a new configuration: those that nobody has made as yet, and those which wait for a name again.
void Monitor::make_first_verdicts() {
  totals_ = {};
  for (std::size_t i = 0; i < all_.specs.size(); ++i) {
    totals_.add(all_.verdicts[i].status);
    if (!all_.specs[i].named.empty()) stale_.mark(i);
  }
  make_verdicts();
}

void Monitor::make_verdicts() {
  for (const std::size_t service : stale_.take())
    make_verdict(service);
}

void Monitor::make_verdict(std::size_t service) {
  const bool awaits = awaits_any(service);
  const ServiceStatus before = all_.verdicts[service].status;
  all_.verdicts[service] = verdict_of(all_.specs[service], all_.watched[service],
                                      awaits && !first_round_timed_out_, clock_.now());
  ServiceStatus& status = all_.verdicts[service].status;
  const bool lasts = status.state == before.state && before.since != Clock::TimePoint{};
  status.since = lasts ? before.since : clock_.now();
  totals_.take_out(before);
  totals_.add(status);
  refreshed_.push_back({service, before});
  await_failback(service);
}

void Monitor::await_failback(std::size_t service) {
  const Failback* const failback = all_.watched[service].failback.get();
  if (failback != nullptr) failbacks_.set(service, failback->due(all_.specs[service]));
}

// ---- what the probes say -----------------------------------------------------------------------

milliseconds Monitor::take(Check& check, const Outcome& probed) {
  const Outcome outcome =
      judge_route(check, check.excuses.judge(within(probed, check.spec().max_latency)));
  note_hindrance(check, outcome);
  log_outcome(check, outcome);
  check.history.add(outcome);
  observer_.probed(check.spec(), outcome);
  const Circumstances circumstances{.now = clock_.now(),
                                    .chance = chance_.next(),
                                    .identity = check.identity(),
                                    .mass_failure = amid_mass_failure(check, outcome)};
  const bool suspected = check.suspects();
  const bool was_awaited = check.awaited();
  check.heard = true;
  const Ruling ruling = check.judge.take(check.spec(), outcome, circumstances);
  if (ruling.in_a_row == 1) check.contrary_since = circumstances.now;
  const Advice advice = revised(check.advice, outcome.advice);
  const bool advised = std::exchange(check.advice, advice) != advice;
  if (ruling.transition == Transition::changed || ruling.first) {
    for (const auto& [service, backend] : check.users)
      settle(service, all_.watched[service].backends[backend], {check, outcome, ruling});
  }
  const bool first_heard = was_awaited && !check.awaited() && !check.users.empty();
  if (first_heard && --unheard_ == 0) observer_.verdicts_changed();
  const bool suspicion = check.suspects() != suspected;
  if (advised) observer_.advice_changed();
  if (ruling.transition == Transition::changed || ruling.first || advised || suspicion) {
    for (const Check::User& user : check.users)
      stale_.mark(user.service);
    for (const std::uint32_t service : check.left_by)
      stale_.mark(service);
    observer_.verdicts_changed();
  }
  return check.never_changes() ? Rounds::kForGood : ruling.wait;
}

// A backend to which this host has no route is out of everybody's reach here: a failure, if another
// of its service has been reached since. Else this host may be cut off, and nothing is known; a
// pass from before proves nothing.
Outcome Monitor::judge_route(Check& check, Outcome outcome) {
  // An agent that can't be asked says nothing.
  if (!outcome.no_route || check.may_be_silent()) {
    check.unroutable_since.reset();
    note_reached(check, outcome);
    return outcome;
  }
  if (!check.unroutable_since) {
    check.unroutable_since = clock_.now();
    if (check.state() == State::up) ask_another(check);
  }
  const bool another_reached = std::ranges::any_of(check.users, [&](const Check::User& user) {
    const Reached& reached = all_.watched[user.service].reached;
    return reached.at > *check.unroutable_since && reached.backend != check.target().address &&
           reached.by->way == check.spec().way;
  });
  return another_reached ? Outcome::hard_failure(std::move(outcome.reason)) : outcome;
}

// Whom it reaches, or doesn't, tells whose fault it is: by their intervals that may take long.
void Monitor::ask_another(const Check& check) {
  for (const Check::User& user : check.users) {
    for (const WatchedBackend& other : all_.watched[user.service].backends) {
      if (other.state != State::up || other.spec.address == check.target().address) continue;
      const auto alike = std::ranges::find_if(other.checks, [&](const auto& each) {
        return each->asks_over_network() && each->spec().way == check.spec().way;
      });
      if (alike == other.checks.end()) continue;
      rounds_.hurry(**alike, kConfirmHard);  // not before the one that found no route
      break;
    }
  }
}

void Monitor::note_reached(const Check& check, const Outcome& outcome) {
  if (!check.asks_over_network() || outcome.result != Outcome::Result::passed) return;
  for (const Check::User& user : check.users) {
    all_.watched[user.service].reached = {check.target().address, check.target().spec,
                                          clock_.now() - outcome.latency};
  }
}

void Monitor::log_outcome(Check& check, const Outcome& outcome) {
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("{}: {} after {}us", describe(check.target()), outcome.reason,
                  outcome.latency.count());
  }
  if (outcome.result != Outcome::Result::passed || check.warned == outcome.warning) return;
  check.warned = outcome.warning;
  spdlog::log(check.warned ? spdlog::level::warn : spdlog::level::info, "{}: {}: {}",
              describe(check.target()),
              check.warned ? "passes with a warning" : "passes without a warning again",
              outcome.reason);
}

void Monitor::note_hindrance(Check& check, const Outcome& outcome) {
  if (outcome.result != Outcome::Result::unknown || outcome.abstained) {
    return hindrances_.release(check.hindrance);
  }
  hindrances_.hinder(check.hindrance, Hindrances::cause_of(check.spec(), outcome), [&] {
    const std::string what = describe(check.target());
    return check.users.empty() ? what : what + " of " + all_.specs[check.users[0].service].name;
  });
}

void Monitor::tell(const Hindrances::News& news) {
  spdlog::log(news.trouble ? spdlog::level::warn : spdlog::level::info, "{}", news.text);
  observer_.checks_hindered(hindrances_.summary());
}

// Whether the outcome is a failure amid many others, which is said once.
bool Monitor::amid_mass_failure(const Check& check, const Outcome& outcome) {
  if (check.state() != State::up || outcome.result == Outcome::Result::unknown) return false;
  if (check.is_told()) return false;
  const bool failed = outcome.result == Outcome::Result::failed;
  for (const auto& [service, backend] : check.users) {
    const Address& address = check.target().address;
    if (failed) {
      mass_failure_.failed(service, all_.watched[service].backends.size(), address, clock_.now(),
                           check.spec().interval);
    } else {
      mass_failure_.passed(service, address);
    }
  }
  if (!failed) return false;
  const bool active = mass_failure_.active(clock_.now());
  if (active && !mass_failure_said_) {
    spdlog::warn(
        "most backends of several services fail at once: each is confirmed twice before it is left "
        "out; is this host's own network in order?");
  }
  mass_failure_said_ = active;
  return active;
}

void Monitor::settle(std::size_t service_index, WatchedBackend& backend, const Decision& decision) {
  const ServiceSpec& service = all_.specs[service_index];
  const State before = std::exchange(backend.state, backend.together());
  drop_retired(service_index);
  if (backend.state == before) return;
  const Clock::TimePoint now = clock_.now();
  const Clock::TimePoint since = std::exchange(backend.since, now);
  const bool up = backend.state == State::up;
  backend.back_since.reset();
  if (up && before == State::down && service.slow_start != milliseconds{0}) {
    backend.back_since = now;
    start_slowly(service_index);
  }
  observer_.backend_changed({service, backend.spec, before, backend.state, decision.outcome.reason,
                             decision, now - since, now - decision.check.contrary_since});
}

// Publishes every step of a slow start, and its end.
void Monitor::start_slowly(std::size_t service) {
  if (slow_.empty()) ramp_->set(clock_.now() + kRampStep);
  slow_.insert(service);
}

void Monitor::next_ramp_step() {
  for (const std::size_t service : slow_)
    stale_.mark(service);
  std::erase_if(slow_, [this](std::size_t service) {
    return all_.watched[service].slow_until(all_.specs[service].slow_start) <= clock_.now();
  });
  if (!slow_.empty()) ramp_->set(clock_.now() + kRampStep);
  observer_.verdicts_changed();
}

// ---- what the operator says --------------------------------------------------------------------

void Monitor::restore_serving(const std::string& service, std::uint16_t priority) {
  served_before_.insert_or_assign(service, priority);
}

void Monitor::fail_back(std::size_t service, std::uint32_t user) {
  Failback* const failback = all_.watched[service].failback.get();
  if (failback == nullptr) return;
  failback->end(user);
  stale_.mark(service);
  observer_.verdicts_changed();
}

void Monitor::set_override(const Overrides::Key& key, Override override) {
  const Override now = override;
  const std::optional<Override> before = overrides_.set(key, std::move(override));
  tell_override({key, before ? &*before : nullptr, &now});
}

void Monitor::clear_override(const Overrides::Key& key) {
  const std::optional<Override> before = overrides_.clear(key);
  if (before) tell_override({key, &*before, nullptr});
}

void Monitor::restore_override(const Overrides::Key& key, Override override) {
  const OverrideKind kind = override.kind;
  overrides_.set(key, std::move(override));
  override_backend(key, kind);
}

// Of a new configuration: all that are in force.
void Monitor::restore_overrides() {
  for (const auto& [key, override] : overrides().all())
    override_backend(key, override.kind);
}

void Monitor::override_backend(const Overrides::Key& key, std::optional<OverrideKind> kind) {
  const auto place = find(key.service);
  if (!place) return;
  WatchedService& service = all_.watched[*place];
  if (const auto backend = service.find(key.backend)) service.backends[*backend].override = kind;
  for (WatchedBackend& backend : service.retiring) {
    if (backend.spec.address == key.backend) backend.override = kind;
  }
  stale_.mark(*place);
}

void Monitor::tell_override(const OverrideChange& change) {
  override_backend(change.key,
                   change.now == nullptr ? std::nullopt : std::optional(change.now->kind));
  observer_.verdicts_changed();
  observer_.override_changed(change);
}

}  // namespace hlb
