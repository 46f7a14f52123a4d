#include "engine/monitor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hlb {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kShortestSlowStartStep{500};
constexpr int kSlowStartSteps = 90;                 // of a percent each
constexpr std::size_t kHurriedPerMillisecond = 40;  // 10,000 checks within 250 ms

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
      rounds_(executor, clock, host.limits,
              [this](Check& check, const Outcome& outcome) { return take(check, outcome); }),
      next_override_end_(clock, [this] { end_due_overrides(); }),
      hindrances_(clock, [this](const Notice& notice) { tell(notice); }),
      outdated_(clock, [this] { observer_.verdicts_changed(); }),
      first_round_(clock.alarm([this] { end_first_round(); })),
      end_of_first_round_(
          clock, [this](std::size_t service) { end_first_round_of(service); },
          [this] { go_on_after_first_round(); }),
      hurried_(
          clock, [this](std::size_t service) { probe_network_of(service); }, [] {}),
      hints_(clock.alarm([this] { follow_hints(); })) {}

void Monitor::end_first_round() {
  first_round_timed_out_ = true;
  end_of_first_round_.start(all_.specs.size());
}

void Monitor::end_first_round_of(std::size_t service) {
  const bool may_wait = has_standby_rules(all_.specs[service]) && awaits_any(service);
  if (all_.verdicts[service].undecided || may_wait) outdated_.mark(service);
  for_each_check({&all_.watched[service], 1}, [this](const auto& check) {
    if (check->awaited_until <= *first_round_end_) check->had_time = true;
  });
  if (drop_retiring(service)) outdated_.mark(service);
}

void Monitor::go_on_after_first_round() {
  observer_.verdicts_changed();
  if (end_of_first_round_.under_way()) return;
  if (awaited_until_ <= *first_round_end_) return first_round_end_.reset();
  first_round_end_ = awaited_until_;
  first_round_->set(awaited_until_);
}

// Whether first outcomes are awaited, or a name's first answer; discovery::NameWatch bounds how
// long.
bool Monitor::awaits_outcomes(std::size_t service) const {
  return !all_.specs[service].named.empty() || all_.watched[service].awaits_first_outcomes();
}

// Whether outcomes or names are awaited that can change the service's verdict.
bool Monitor::awaits_any(std::size_t service) const {
  return !all_.specs[service].named.empty() || all_.watched[service].any_undecided();
}

// The same for so long as a service may be undecided by it.
bool Monitor::may_wait(std::size_t service) const {
  return (!all_.specs[service].named.empty() && !first_round_timed_out_) ||
         all_.watched[service].any_undecided();
}

State Monitor::state_of(std::string_view service, const Address& backend) const {
  const auto place = find(service);
  if (!place) return State::unknown;
  const WatchedService& watched = all_.watched[*place];
  const auto found = watched.find(backend);
  return found ? watched.backends[*found].state : State::unknown;
}

std::vector<Endpoint> Monitor::checked_places() const {
  std::vector<Endpoint> listeners;
  for_each_check(all_.watched, [&](const auto& check) {
    const bool asks = check->asks_over_network() || check->target().port != 0;
    if (asks && check->spec().way.netns.empty()) listeners.push_back(check->target().place());
  });
  return listeners;
}

bool Monitor::any_user_at(const Address& address, std::uint16_t port,
                          const std::function<bool(const Check::User& user)>& holds) const {
  return std::ranges::any_of(checks_.at(address, port), [&](const auto& check) {
    return std::ranges::any_of(check->users, holds);
  });
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
  hurried_since_ = clock_.now();
  hurried_so_far_ = 0;
  hurried_.start(all_.specs.size());
}

void Monitor::probe_network_of(std::size_t service) {
  for_each_check({&all_.watched[service], 1}, [&](const auto& check) {
    if (!check->asks_over_network() || check->target().address.is_loopback()) return;
    const milliseconds due(hurried_so_far_++ / kHurriedPerMillisecond);
    const auto passed = clock_.now() - hurried_since_;
    rounds_.hurry(*check,
                  std::max(due - std::chrono::floor<milliseconds>(passed), milliseconds(0)));
  });
}

void Monitor::hint(std::span<const Endpoint> places) {
  hinted_.insert(places.begin(), places.end());
  if (!hinted_.empty()) hints_->set(clock_.now());
}

void Monitor::follow_hints() {
  for (const auto& [address, port] : std::exchange(hinted_, {})) {
    for (const auto& check : checks_.at(address, port)) {
      if (check->asks_over_network()) rounds_.hint(*check);
    }
  }
}

bool Monitor::first_round_over() const {
  if (!on_their_way_.empty()) return false;
  return unheard_ == 0 || (first_round_timed_out_ && !end_of_first_round_.under_way());
}

std::vector<Refreshed> Monitor::refresh(std::size_t most) {
  for (const std::size_t service : outdated_.take(most - std::min(most, refreshed_.size())))
    make_verdict(service);
  std::erase_if(on_their_way_,
                [this](const auto& each) { return each.second.last <= outdated_.taken(); });
  std::vector<Refreshed> services;
  services.reserve(std::min(most, refreshed_.size()));
  while (services.size() < most && !refreshed_.empty()) {
    const auto first = refreshed_.begin();
    services.push_back({first->first, first->second});
    refreshed_.erase(first);
  }
  return services;
}

void Monitor::make_verdict(std::size_t service) {
  settle_before_verdict(service);
  drop_retiring(service);
  const Clock::TimePoint now = clock_.now();
  const ServiceStatus before = all_.verdicts[service].status;
  all_.verdicts[service] =
      verdict_of(all_.specs[service], all_.watched[service], may_wait(service), now);
  ServiceStatus& status = all_.verdicts[service].status;
  const bool lasts = status.state == before.state && before.since != Clock::TimePoint{};
  status.since = lasts ? before.since : now;
  totals_.take_out(before);
  totals_.add(status);
  refreshed_.try_emplace(service, before);
  outdated_.mark_at(service, next_by_time(service, now));
}

// When the verdict will be another though nothing else changes: with the next step of a slow start,
// or its end, or as a better priority has been healthy for long enough.
std::optional<Clock::TimePoint> Monitor::next_by_time(std::size_t service,
                                                      Clock::TimePoint now) const {
  const ServiceSpec& spec = all_.specs[service];
  const WatchedService& watched = all_.watched[service];
  std::optional<Clock::TimePoint> next;
  if (watched.failback) next = watched.failback->due(spec);
  if (spec.slow_start == milliseconds{0}) return next;
  const Clock::TimePoint end = watched.slow_until(spec.slow_start);
  if (end <= now) return next;
  const milliseconds step = std::max(kShortestSlowStartStep, spec.slow_start / kSlowStartSteps);
  const Clock::TimePoint next_step = std::min(end, now + step);
  return next ? std::min(*next, next_step) : next_step;
}

void Monitor::restore_serving(const std::string& service, std::uint16_t priority) {
  served_before_.insert_or_assign(service, priority);
}

void Monitor::fail_back(std::size_t service, std::uint32_t user) {
  Failback* const failback = all_.watched[service].failback.get();
  if (failback == nullptr) return;
  failback->end(user);
  outdated_.mark(service);
  observer_.verdicts_changed();
}

const Override* Monitor::override_of(std::string_view service, const Address& backend) const {
  const Override* const of_host = overrides_.find(service, backend);
  return of_host != nullptr ? of_host : fleet_overrides_.find(service, backend);
}

std::optional<OverrideKind> Monitor::override_if(std::string_view service, const Address& backend,
                                                 std::optional<OverrideKind> of_host) const {
  return of_host ? of_host : fleet_overrides_.kind_of(service, backend);
}

ServiceVerdict Monitor::verdict_if(std::size_t service, std::span<const std::size_t> backends,
                                   std::optional<OverrideKind> of_host) const {
  const ServiceSpec& spec = all_.specs[service];
  std::vector<Supposed> supposed;
  supposed.reserve(backends.size());
  for (const std::size_t backend : backends) {
    const Address& address = all_.watched[service].backends[backend].spec.address;
    supposed.push_back({backend, override_if(spec.name, address, of_host)});
  }
  return hlb::verdict_if(spec, all_.watched[service], supposed, may_wait(service), clock_.now());
}

void Monitor::set_override(const Overrides::Key& key, Override override) {
  const auto user = override.of_fleet ? std::nullopt : std::optional(override.set_by);
  change_override(key, OverrideChange::Cause::by_operator, user,
                  [&] { put_override(key, std::move(override)); });
}

void Monitor::clear_override(const Overrides::Key& key, std::uint32_t user) {
  change_override(key, OverrideChange::Cause::by_operator, user, [&] { overrides_.clear(key); });
}

void Monitor::clear_fleet_override(const Overrides::Key& key) {
  change_override(key, OverrideChange::Cause::by_operator, std::nullopt,
                  [&] { fleet_overrides_.clear(key); });
}

void Monitor::restore_override(const Overrides::Key& key, Override override) {
  put_override(key, std::move(override));
  override_backend(key, override_of(key.service, key.backend)->kind);
}

void Monitor::put_override(const Overrides::Key& key, Override override) {
  if (override.until) next_override_end_.set(*override.until);
  Overrides& those = override.of_fleet ? fleet_overrides_ : overrides_;
  those.set(key, std::move(override));
}

// Has `edit` change the overrides of a backend, and tells of it if another one is in force since.
template <typename Edit>
void Monitor::change_override(const Overrides::Key& key, OverrideChange::Cause cause,
                              std::optional<std::uint32_t> user, Edit edit) {
  const auto in_force = [&] {
    const Override* const found = override_of(key.service, key.backend);
    return found == nullptr ? std::nullopt : std::optional(*found);
  };
  const std::optional<Override> before = in_force();
  edit();
  const std::optional<Override> now = in_force();
  if (before == now) return;
  override_backend(key, now ? std::optional(now->kind) : std::nullopt);
  observer_.verdicts_changed();
  observer_.override_changed(
      {key, before ? &*before : nullptr, now ? &*now : nullptr, cause, user});
}

// The alarm may ring for an override that was cleared: then there is nothing to end.
void Monitor::end_due_overrides() {
  for (Overrides* const those : {&overrides_, &fleet_overrides_}) {
    for (const Overrides::Key& key : those->due(clock_.now())) {
      change_override(key, OverrideChange::Cause::by_time, std::nullopt,
                      [&] { those->clear(key); });
    }
    if (const auto next = those->next_end()) next_override_end_.set(*next);
  }
}

void Monitor::override_backend(const Overrides::Key& key, std::optional<OverrideKind> kind) {
  const auto place = find(key.service);
  if (!place) return;
  WatchedService& service = all_.watched[*place];
  if (const auto backend = service.find(key.backend)) service.backends[*backend].override = kind;
  for (WatchedBackend& backend : service.retiring) {
    if (backend.spec.address == key.backend) backend.override = kind;
  }
  outdated_.mark(*place);
}

}  // namespace hlb
