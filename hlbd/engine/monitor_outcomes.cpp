// Takes outcomes of probes: the state of the check, then of its backends, follows.
#include "engine/monitor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "health/advice.h"
#include "health/schedule.h"

namespace hlb {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kAtOnce = 200;  // services that have a decision before their next verdicts

bool is_decision(const Ruling& ruling) {
  return ruling.transition == Transition::changed || ruling.first;
}

}  // namespace

milliseconds Monitor::take(Check& check, const Outcome& probed) {
  const Outcome outcome =
      judge_route(check, check.excuses.judge(within(probed, check.spec().max_latency)));
  note_hindrance(check, outcome);
  log_outcome(check, outcome);
  check.history.add(outcome);
  if (probed.certificate_end) check.certificate_end = *probed.certificate_end;
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
  const bool suspicion = check.suspects() != suspected;
  if (is_decision(ruling) || advised || suspicion) pass_on({check, outcome, ruling});
  const bool first_heard = was_awaited && !check.awaited() && !check.users.empty();
  if (first_heard && --unheard_ == 0) observer_.verdicts_changed();
  if (advised) observer_.advice_changed();
  return check.never_changes() ? Rounds::kForGood : ruling.wait;
}

// Makes a failure of "no route" if another backend of the service has been reached since. Else this
// host may be cut off, and nothing is known; a pass from before proves nothing.
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

// Probes another backend of each service soon, whose outcome tells whose fault it is: by its
// interval that may take long.
void Monitor::ask_another(const Check& check) {
  for (const Check::User& user : check.users) {
    for (const WatchedBackend& other : all_.watched[user.service].backends) {
      if (other.state != State::up || other.spec.address == check.target().address) continue;
      const auto alike = std::ranges::find_if(other.checks, [&](const auto& each) {
        return each->asks_over_network() && each->spec().way == check.spec().way;
      });
      if (alike == other.checks.end()) continue;
      rounds_.hurry(**alike, kConfirmHard);  // not before this check's own next probe
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

void Monitor::tell(const Notice& notice) {
  log(notice);
  observer_.checks_hindered(hindrances_.summary());
}

// Whether the outcome is a failure amid a mass failure, which is logged once.
bool Monitor::amid_mass_failure(const Check& check, const Outcome& outcome) {
  if (check.state() != State::up || outcome.result == Outcome::Result::unknown) return false;
  if (check.is_told()) return false;
  const Address& address = check.target().address;
  if (outcome.result == Outcome::Result::passed) {
    mass_failure_.passed(address);
    return false;
  }
  std::vector<MassFailure::Service> services;
  services.reserve(check.users.size());
  for (const auto& [service, backend] : check.users) {
    const std::size_t size = all_.watched[service].backends.size();
    services.push_back({service, static_cast<std::uint32_t>(size)});
  }
  mass_failure_.failed(address, services, clock_.now(), check.spec().interval);
  const bool active = mass_failure_.active(clock_.now());
  if (active && !mass_failure_said_) {
    spdlog::warn(
        "most backends of several services fail at once: each is confirmed once more before it "
        "counts; is this host's own network in order?");
  }
  mass_failure_said_ = active;
  return active;
}

// At once, but to very many services with their next verdicts, which are made in slices. One
// decision after another is as good as the last one alone: what becomes of a backend is what its
// checks say by then.
void Monitor::pass_on(const Decision& decision) {
  const Check& check = decision.check;
  for (auto each = leavers_.lower_bound({&check, 0});
       each != leavers_.end() && each->first == &check; ++each) {
    outdated_.mark(each->second);
  }
  for (const Check::User& user : check.users)
    outdated_.mark(user.service);
  if (is_decision(decision.ruling)) {
    check.users.size() <= kAtOnce ? pass_on_at_once(decision) : send_on_its_way(decision);
  }
  observer_.verdicts_changed();
}

void Monitor::pass_on_at_once(const Decision& decision) {
  on_their_way_.erase(&decision.check);  // if more services shared it before
  for (const auto& [service, backend] : decision.check.users)
    settle(service, all_.watched[service].backends[backend], decision);
}

void Monitor::send_on_its_way(const Decision& decision) {
  on_their_way_[&decision.check] = {checks_.find(decision.check.target()), decision.outcome,
                                    decision.ruling, outdated_.last()};
}

// The check's decision that is still on its way; nullptr if there is none.
const Monitor::OnItsWay* Monitor::decision_on_its_way(const std::shared_ptr<Check>& check) const {
  const auto found = on_their_way_.find(check.get());
  const bool is_its_own = found != on_their_way_.end() && found->second.check.lock() == check;
  return is_its_own ? &found->second : nullptr;
}

// Has a service's backends settled first if decisions are still on their way to them.
void Monitor::settle_before_verdict(std::size_t service) {
  if (on_their_way_.empty()) return;
  for (WatchedBackend& backend : all_.watched[service].backends) {
    for (const auto& check : backend.checks) {
      if (const OnItsWay* const each = decision_on_its_way(check))
        settle(service, backend, {*check, each->outcome, each->ruling});
    }
  }
}

// Whether a decision that is still on its way has made the backend's state what it is: that one is
// to tell of it, not the one that comes by first.
bool Monitor::another_made_it(const WatchedBackend& backend, State state) const {
  return std::ranges::any_of(backend.checks, [&](const auto& check) {
    return check->state() == state && decision_on_its_way(check) != nullptr;
  });
}

void Monitor::settle(std::size_t service_index, WatchedBackend& backend, const Decision& decision) {
  const ServiceSpec& service = all_.specs[service_index];
  const State state = backend.together();
  if (backend.state == state) return;
  // Up it stays until a check that is new to it has found something, unless one finds it down.
  const bool finds_it_down = decision.check.state() == State::down;
  if (backend.state == State::up && state == State::unknown && !finds_it_down) return;
  if (decision.check.state() != state && another_made_it(backend, state)) return;
  const State before = std::exchange(backend.state, state);
  const Clock::TimePoint now = clock_.now();
  const Clock::TimePoint since = std::exchange(backend.since, now);
  const bool up = backend.state == State::up;
  backend.back_since.reset();
  if (up && before == State::down && service.slow_start != milliseconds{0}) {
    backend.back_since = now;
  }
  const bool found_now = decision.ruling.in_a_row > 0;
  const auto took = found_now ? now - decision.check.contrary_since : Clock::TimePoint::duration{0};
  observer_.backend_changed({service, backend.spec, before, backend.state, decision.outcome.reason,
                             decision, now - since, took});
}

}  // namespace hlb
