#include "operators/change_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "health/machine.h"
#include "system/log.h"
#include "text/duration.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb {
namespace {

using std::chrono::nanoseconds;

// Of all lines about states, and about overrides: journalctl MESSAGE_ID=… See hlbd(8).
constexpr char kStateId[] = "c3a1f0b2d7584b6f9e0d4a7c1b52e863";
constexpr char kOverrideId[] = "5f0a7d9c34c14de8a1b6c2e97d80f4b1";
// And about which priorities serve.
constexpr char kServingId[] = "8d2b6e41f7a04c3c95b1d0e86a3f7c24";

// Of an operator's reason, in bytes: the line stays one.
constexpr std::size_t kMostShown = 256;

std::string name_or_none(const Override* override) {
  return override == nullptr ? "none" : std::string(name_of(override->kind));
}

std::string microseconds(nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::string reason_of(const BackendChange& change) {
  const bool only_check = change.service.checks.size() == 1;
  return only_check ? change.reason
                    : describe(change.decision.check.target()) + ": " + change.reason;
}

// "2 in a row, 0.06 s after the first; up for 3 h before"
std::string weight_of_evidence(const BackendChange& change) {
  const unsigned in_a_row = change.decision.ruling.in_a_row;
  std::string text = fmt::format("{} in a row", in_a_row);
  if (in_a_row > 1) text += fmt::format(", {} after the first", text::rounded(change.took));
  if (change.before != State::unknown) {
    text += fmt::format("; {} for {} before", name_of(change.before), text::rounded(change.lasted));
  }
  return text;
}

std::vector<LogField> fields_of(const BackendChange& change) {
  return {{"MESSAGE_ID", kStateId},
          {"HLB_SERVICE", change.service.name},
          {"HLB_BACKEND", change.backend.address.to_string()},
          {"HLB_OLD_STATE", std::string(name_of(change.before))},
          {"HLB_STATE", std::string(name_of(change.now))},
          {"HLB_REASON", change.reason},
          {"HLB_CHECK", describe(change.decision.check.target())},
          {"HLB_IN_A_ROW", std::to_string(change.decision.ruling.in_a_row)},
          {"HLB_DECIDED_IN_USEC", microseconds(change.took)},
          {"HLB_LASTED_USEC", microseconds(change.lasted)}};
}

std::string reason_of_panic(const ServiceVerdict& verdict) {
  const auto present = std::ranges::count_if(
      verdict.backends, [](const BackendVerdict& each) { return !each.withdrawn; });
  return fmt::format("panic: {} of {} backends healthy, fewer than {}%", verdict.status.healthy,
                     present, verdict.spec->panic_percent);
}

// Why another priority is the first.
std::string reason_of_first(const ServingChange& change) {
  const unsigned before = change.before.serving->first;
  const unsigned now = change.verdict.status.serving->first;
  const auto cause = change.failback == nullptr ? std::nullopt : change.failback->cause();
  if (cause == Failback::Cause::asked) {
    return fmt::format("failback, asked for by user {}", change.failback->asked_by());
  }
  if (cause == Failback::Cause::time) {
    return fmt::format("failback, priority {} has been healthy for {}", now,
                       text::to_string(change.verdict.spec->failback.value()));
  }
  if (now < before && cause != Failback::Cause::need) {
    return fmt::format("priority {} is healthy again", now);
  }
  return fmt::format("priority {} has too few healthy backends", before);
}

std::string reason_to_hold(const ServiceSpec& spec) {
  if (!spec.failback) return "until hlbctl failback " + spec.name;
  return "until it has been healthy for " + text::to_string(*spec.failback);
}

}  // namespace

void log_change(const BackendChange& change, bool quietly) {
  const auto fields = fields_of(change);
  const std::string backend = change.service.name + "/" + change.backend.address.to_string();
  const bool up = change.now == State::up;
  log_with_fields(up || quietly ? LogLevel::info : LogLevel::warn,
                  fmt::format("{}: {} -> {}: {} ({})", backend, name_of(change.before),
                              name_of(change.now), reason_of(change), weight_of_evidence(change)),
                  fields);
  const auto& [check, outcome, ruling] = change.decision;
  if (up || ruling.rise_factor <= 1) return;
  log_with_fields(LogLevel::warn,
                  fmt::format("{} is flapping: now needs {} passes in a row to come back", backend,
                              check.spec().rise * ruling.rise_factor),
                  fields);
}

bool ServingChange::any() const {
  const std::optional<Serving>& now = verdict.status.serving;
  return before.serving && now && *before.serving != *now;
}

bool ServingChange::holds_back() const {
  return before.held_back == 0 && verdict.status.held_back > 0;
}

std::string reason_of(const ServingChange& change) {
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

void log_change(const ServingChange& change, const std::string& reason) {
  const std::string& service = change.verdict.spec->name;
  const std::string before = to_string(*change.before.serving);
  const std::string now = to_string(*change.verdict.status.serving);
  std::vector<LogField> fields = {{"MESSAGE_ID", kServingId},
                                  {"HLB_SERVICE", service},
                                  {"HLB_OLD_SERVING", before},
                                  {"HLB_SERVING", now},
                                  {"HLB_REASON", reason}};
  if (change.failback != nullptr && change.failback->cause() == Failback::Cause::asked) {
    fields.push_back({"HLB_SET_BY", std::to_string(change.failback->asked_by())});
  }
  const bool panic = change.verdict.status.serving->all;
  log_with_fields(panic ? LogLevel::warn : LogLevel::info,
                  fmt::format("{}: serving {} -> {}: {}", service, before, now, reason), fields);
}

void log_hold(const ServingChange& change) {
  const ServiceSpec& spec = *change.verdict.spec;
  const std::string now = to_string(change.verdict.status.serving.value());
  const std::string reason = reason_to_hold(spec);
  const std::vector<LogField> fields = {{"MESSAGE_ID", kServingId},
                                        {"HLB_SERVICE", spec.name},
                                        {"HLB_SERVING", now},
                                        {"HLB_REASON", reason}};
  log_with_fields(LogLevel::info,
                  fmt::format("{}: a better priority is healthy again, {} goes on serving {}",
                              spec.name, now, reason),
                  fields);
}

void log_change(const OverrideChange& change, const std::string& reason) {
  const std::string backend = change.key.backend.to_string();
  const std::string before = name_or_none(change.before);
  const std::string now = name_or_none(change.now);
  std::vector<LogField> fields = {{"MESSAGE_ID", kOverrideId}, {"HLB_SERVICE", change.key.service},
                                  {"HLB_BACKEND", backend},    {"HLB_OLD_OVERRIDE", before},
                                  {"HLB_OVERRIDE", now},       {"HLB_REASON", reason}};
  if (change.now != nullptr) fields.push_back({"HLB_SET_BY", std::to_string(change.now->set_by)});
  log_with_fields(LogLevel::info,
                  fmt::format("{}/{}: override {} -> {}{}", change.key.service, backend, before,
                              now, reason.empty() ? "" : ": " + text::readable(reason, kMostShown)),
                  fields);
}

}  // namespace hlb
