#include "operators/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "health/machine.h"
#include "system/moment.h"
#include "text/duration.h"

namespace hlb {
namespace {

std::string name_or_empty(const Override* override) {
  return override == nullptr ? "" : std::string(name_of(override->kind));
}

// "alice@ops1 for the fleet: kernel", as users of this host are told apart.
std::string reason_of_fleets(const Override& override) {
  const std::string who = override.of_fleet->empty() ? "somebody" : *override.of_fleet;
  return who + " for the fleet" + (override.reason.empty() ? "" : ": " + override.reason);
}

// The operator's own words, or why it ended.
std::string reason_of(const OverrideChange& change) {
  if (change.cause == OverrideChange::Cause::by_time) return "its time is over";
  if (change.now != nullptr && change.now->of_fleet) return reason_of_fleets(*change.now);
  if (change.now == nullptr) return change.before->of_fleet ? "cleared for the fleet" : "";
  return change.now->reason;
}

std::string reason_of_panic(const ServiceVerdict& verdict) {
  const auto present = std::ranges::count_if(verdict.backends, &BackendVerdict::present);
  return fmt::format("panic: {} of {} backends healthy, fewer than {}%", verdict.status.healthy,
                     present, verdict.spec->panic_percent);
}

// The user who wanted another priority to be the first.
std::optional<std::uint32_t> asked_by(const VerdictChange& change) {
  const bool other_first = change.before.serving->first != change.verdict.status.serving->first &&
                           !change.verdict.status.serving->all;
  const bool asked = other_first && change.failback != nullptr &&
                     change.failback->cause() == Failback::Cause::asked;
  return asked ? std::optional(change.failback->asked_by()) : std::nullopt;
}

// Says why another priority is the first.
std::string reason_of_first(const VerdictChange& change) {
  const unsigned before = change.before.serving->first;
  const unsigned now = change.verdict.status.serving->first;
  const auto cause = change.failback == nullptr ? std::nullopt : change.failback->cause();
  if (asked_by(change)) return "failback, asked for";
  if (cause == Failback::Cause::time) {
    return fmt::format("failback, priority {} has been healthy for {}", now,
                       text::to_string(change.verdict.spec->failback.value()));
  }
  if (now < before && cause != Failback::Cause::need) {
    return fmt::format("priority {} is healthy again", now);
  }
  return fmt::format("priority {} has too few healthy backends", before);
}

std::string reason_of_serving(const VerdictChange& change) {
  const Serving& before = *change.before.serving;
  const Serving& now = *change.verdict.status.serving;
  if (now.all) return reason_of_panic(change.verdict);
  if (now.first != before.first) return reason_of_first(change);
  if (before.all) return "enough backends are healthy again";
  if (now.last > before.last) {
    return fmt::format("priority {} has too few healthy backends", before.last);
  }
  return fmt::format("priority {} has enough healthy backends again", now.last);
}

}  // namespace

bool VerdictChange::of_state() const {
  return before.state != ServiceState::unknown && verdict.status.state != before.state;
}

bool VerdictChange::of_serving() const {
  const std::optional<Serving>& now = verdict.status.serving;
  return before.serving && now && *before.serving != *now;
}

bool VerdictChange::holds_back() const {
  return before.held_back == 0 && verdict.status.held_back > 0;
}

Event event_of(const BackendChange& change) {
  return {.at = moment_now().wall,
          .service = change.service.name,
          .address = change.backend.address.to_string(),
          .what = Event::What::state,
          .before = std::string(name_of(change.before)),
          .now = std::string(name_of(change.now)),
          .reason = change.reason};
}

Event event_of(const OverrideChange& change) {
  return {.at = moment_now().wall,
          .service = change.key.service,
          .address = change.key.backend.to_string(),
          .what = Event::What::override,
          .before = name_or_empty(change.before),
          .now = name_or_empty(change.now),
          .reason = reason_of(change),
          .user = change.user};
}

Event state_event_of(const VerdictChange& change) {
  return {.at = moment_now().wall,
          .service = change.verdict.spec->name,
          .address = "",
          .what = Event::What::state,
          .before = std::string(name_of(change.before.state)),
          .now = std::string(name_of(change.verdict.status.state)),
          .reason = ""};
}

Event serving_event_of(const VerdictChange& change) {
  return {.at = moment_now().wall,
          .service = change.verdict.spec->name,
          .address = "",
          .what = Event::What::serving,
          .before = to_string(*change.before.serving),
          .now = to_string(*change.verdict.status.serving),
          .reason = reason_of_serving(change),
          .user = asked_by(change)};
}

}  // namespace hlb
