#include "operators/change_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health/machine.h"
#include "system/log.h"
#include "text/duration.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb {
namespace {

using std::chrono::nanoseconds;

// The MESSAGE_ID of all lines about states, about overrides, and about which priorities serve, by
// which journalctl finds them. See hlbd(8).
constexpr char kStateId[] = "c3a1f0b2d7584b6f9e0d4a7c1b52e863";
constexpr char kOverrideId[] = "5f0a7d9c34c14de8a1b6c2e97d80f4b1";
constexpr char kServingId[] = "8d2b6e41f7a04c3c95b1d0e86a3f7c24";

// Bytes that are shown of an operator's name or reason, so that it stays one line.
constexpr std::size_t kMostOfText = 256;

std::string microseconds(nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::string reason_of(const BackendChange& change) {
  const bool only_check = change.service.checks.size() == 1;
  return only_check ? change.reason
                    : describe(change.decision.check.target()) + ": " + change.reason;
}

// "2 in a row, 0.06 s after the first; up for 3 h before"; "known already", where the configuration
// changed.
std::string weight_of_evidence(const BackendChange& change) {
  const unsigned in_a_row = change.decision.ruling.in_a_row;
  std::string text = in_a_row > 0 ? fmt::format("{} in a row", in_a_row) : "known already";
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

std::string reason_to_hold(const ServiceSpec& spec) {
  if (!spec.failback) return "until hlbctl failback " + spec.name;
  return "until it has been healthy for " + text::to_string(*spec.failback);
}

// " by alice"; empty where nobody did it.
std::string by_whom(const Event& event, const NameUser& name_user) {
  return event.user ? " by " + text::readable(name_user(*event.user), kMostOfText) : "";
}

void add_user(std::vector<LogField>& fields, const std::optional<std::uint32_t>& user) {
  if (user) fields.push_back({"HLB_SET_BY", std::to_string(*user)});
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
  log_with_fields(quietly ? LogLevel::info : LogLevel::warn,
                  fmt::format("{} is flapping: now needs {} passes in a row to come back", backend,
                              check.spec().rise * ruling.rise_factor),
                  fields);
}

void log_override(const Event& event, const NameUser& name_user) {
  const std::string before = event.before.empty() ? "none" : event.before;
  const std::string now = event.now.empty() ? "none" : event.now;
  std::vector<LogField> fields = {{"MESSAGE_ID", kOverrideId},    {"HLB_SERVICE", event.service},
                                  {"HLB_BACKEND", event.address}, {"HLB_OLD_OVERRIDE", before},
                                  {"HLB_OVERRIDE", now},          {"HLB_REASON", event.reason}};
  add_user(fields, event.user);
  const std::string reason =
      event.reason.empty() ? "" : ": " + text::readable(event.reason, kMostOfText);
  log_with_fields(LogLevel::info,
                  fmt::format("{}/{}: override {} -> {}{}{}", event.service, event.address, before,
                              now, by_whom(event, name_user), reason),
                  fields);
}

void log_serving(const VerdictChange& change, const Event& event, const NameUser& name_user) {
  std::vector<LogField> fields = {{"MESSAGE_ID", kServingId},
                                  {"HLB_SERVICE", event.service},
                                  {"HLB_OLD_SERVING", event.before},
                                  {"HLB_SERVING", event.now},
                                  {"HLB_REASON", event.reason}};
  add_user(fields, event.user);
  const bool panic = change.verdict.status.serving->all;
  log_with_fields(panic ? LogLevel::warn : LogLevel::info,
                  fmt::format("{}: serving {} -> {}{}: {}", event.service, event.before, event.now,
                              by_whom(event, name_user), event.reason),
                  fields);
}

void log_hold(const VerdictChange& change) {
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

void log_closing(const connections::Closing& closing, const NameUser& name_user) {
  const std::string backend = closing.backend.to_string();
  std::vector<LogField> fields = {{"HLB_SERVICE", closing.service},
                                  {"HLB_BACKEND", backend},
                                  {"HLB_CONNECTIONS", std::to_string(closing.connections)}};
  add_user(fields, closing.asked_by);
  const std::string wanted =
      closing.asked_by
          ? ", as " + text::readable(name_user(*closing.asked_by), kMostOfText) + " wanted"
          : "";
  log_with_fields(LogLevel::info,
                  fmt::format("{}/{}: ended {} of this host to it{}", closing.service, backend,
                              text::counted(closing.connections, "connection"), wanted),
                  fields);
}

// ---- which changes are shown -------------------------------------------------------------------

bool ChangeLines::shows(const BackendChange& change, bool quietly) {
  open_window();
  if (change.before != State::unknown)
    return changes_.take(change.now, change.now != State::up && !quietly, kMostChanges);
  if (!change.decision.check.never_changes())
    return first_states_.take(change.now, false, kMostFirstStates);
  ++unchecked_;
  return false;
}

bool ChangeLines::shows(Lines& lines) {
  open_window();
  return lines.take(kMostChanges);
}

bool ChangeLines::Lines::take(std::size_t most) {
  const bool shows = shown < most;
  ++(shows ? shown : others);
  return shows;
}

bool ChangeLines::StateLines::take(State now, bool is_trouble, std::size_t most) {
  if (lines.take(most)) return true;
  up += now == State::up ? 1 : 0;
  down += now == State::down ? 1 : 0;
  trouble |= is_trouble;
  return false;
}

void ChangeLines::StateLines::tell(std::string_view what) const {
  if (lines.others == 0) return;
  const std::size_t unknown = lines.others - up - down;
  log({trouble, fmt::format("{} more backends {}: {} up, {} down{}", lines.others, what, up, down,
                            unknown > 0 ? fmt::format(", {} unknown", unknown) : "")});
}

void ChangeLines::open_window() {
  if (std::exchange(open_, true)) return;
  timer_.expires_after(kWindow);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) close_window();
  });
}

void ChangeLines::close_window() {
  open_ = false;
  std::exchange(first_states_, {}).tell("have their first state");
  std::exchange(changes_, {}).tell("changed");
  if (const std::size_t others = std::exchange(overrides_, {}).others; others > 0) {
    spdlog::info("{} changed", text::counted(others, "more override"));
  }
  if (const std::size_t others = std::exchange(servings_, {}).others; others > 0) {
    spdlog::info("{} of which priorities serve", text::counted(others, "more change"));
  }
  if (const std::size_t unchecked = std::exchange(unchecked_, 0); unchecked > 0) {
    spdlog::info("{} taken for up, not checked", text::counted(unchecked, "backend"));
  }
}

}  // namespace hlb
