// hlbctl drain, maintenance, up, down and clear: what the operator says of backends, in place of
// their checks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/consent.h"
#include "ctl/emptying.h"
#include "ctl/fleet/fleet_overrides.h"
#include "ctl/output.h"
#include "ctl/override_plan.h"
#include "ctl/targets.h"
#include "ctl/terminal/text.h"
#include "ctl/terminal/times.h"
#include "ctl/what_there_is.h"
#include "text/duration.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

struct Kind {
  const char* name;
  const char* help;
  const char* done;
  bool clears = false;         // else it sets
  bool empties = false;        // connections are to end, which can be waited for
  bool may_take_away = false;  // the last backend of a service, say
};

constexpr Kind kDrain = {.name = "drain",
                         .help = "give these backends no new clients; checks go on",
                         .done = "drained",
                         .empties = true,
                         .may_take_away = true};
constexpr Kind kMaintenance = {.name = "maintenance",
                               .help = "drain these backends, and run no hooks for them",
                               .done = "in maintenance",
                               .empties = true,
                               .may_take_away = true};
constexpr Kind kUp = {.name = "up",
                      .help = "answer with these backends, whatever their checks say",
                      .done = "forced up"};
constexpr Kind kDown = {.name = "down",
                        .help = "take these backends as down, whatever their checks say",
                        .done = "forced down",
                        .may_take_away = true};
constexpr Kind kClear = {.name = "clear",
                         .help = "let the checks of these backends decide again",
                         .done = "as checks say",
                         .clears = true,
                         .may_take_away = true};

struct OverrideWishes {
  std::vector<std::string> targets;
  std::string span;
  std::string reason;
  bool wait = false;  // until no connection is left
  std::string close_after;
  bool dry_run = false;
  bool yes = false;
  bool fleet = false;
  EtcdIdentity identity;  // towards the fleet's etcd

  bool waits() const { return wait || !close_after.empty(); }
};

// The duration that an option gives; 0 where it isn't given.
std::chrono::milliseconds duration_of(const char* option, const std::string& text) {
  using namespace std::chrono_literals;
  constexpr auto kLongest = 24h * 3650;  // which is what hlbd takes
  if (text.empty()) return 0ms;
  const auto span = text::parse_durations(text);
  if (!span || *span > kLongest) {
    throw Failure(kTrouble,
                  fmt::format("{} takes a duration from 1ms to 3650d, given like 30m, 2h or 1h30m, "
                              "not {}",
                              option, text::in_quotes(text)));
  }
  return *span;
}

std::chrono::milliseconds span_of(const OverrideWishes& wishes) {
  return duration_of("--for", wishes.span);
}

Emptying emptying_of(const Kind& kind, const OverrideWishes& wishes) {
  Emptying emptying{.what = kind.name, .targets = {}, .lasts = span_of(wishes)};
  if (wishes.close_after.empty()) return emptying;
  emptying.close_after = duration_of("--close-after", wishes.close_after);
  if (!wishes.span.empty() && *emptying.close_after >= emptying.lasts) {
    throw Failure(kTrouble, "--close-after is to be shorter than --for, which ends it all");
  }
  return emptying;
}

// " until 14:30"; empty without an end.
std::string until_of(const OverrideWishes& wishes) {
  const std::chrono::milliseconds span = span_of(wishes);
  const WallTime now = wall_now();
  return span.count() == 0 ? "" : " until " + moment(now + span, now);
}

// What is to be changed, by whom hlbd is asked.
struct OverrideOrder {
  const Kind& kind;
  const OverrideWishes& wishes;
  Targets targets;
  std::vector<OverridePreview> plan{};

  std::string kind_name() const { return kind.clears ? "" : kind.name; }
};

// What can be cleared is what has an override, also where the configuration has it no more.
void add_overridden(Client& client, WhatThereIs& there) {
  for (OverridePreview& each : client.preview("*", "")) {
    if (std::ranges::find(there.services, each.service) == there.services.end())
      there.services.push_back(each.service);
    there.backends.push_back({std::move(each.service), std::move(each.address)});
  }
}

Targets targets_for(Client& client, const Kind& kind, const OverrideWishes& wishes) {
  WhatThereIs there = what_there_is(client, wishes.targets);
  if (kind.clears) add_overridden(client, there);
  return find_targets(wishes.targets, there, Purpose::change);
}

// Throws a Failure when nothing would be changed.
void expect_some(const OverrideOrder& order) {
  if (!order.plan.empty()) return;
  const char* const why =
      order.kind.clears ? "no override is in force on this" : "has no backend yet";
  throw Failure(kTrouble,
                printable(fmt::format("{}: {}", fmt::join(order.wishes.targets, " "), why)));
}

OverrideOrder order_of(Client& client, const Kind& kind, const OverrideWishes& wishes) {
  OverrideOrder order{kind, wishes, targets_for(client, kind, wishes)};
  order.plan = client.preview(order.targets.to_string(), order.kind_name());
  // hlbd says why there is nothing to clear.
  if (order.plan.empty() && order.kind.clears && !wishes.dry_run)
    client.clear_override(order.targets.to_string());
  expect_some(order);
  return order;
}

// The one place where hlbd is told.
void send(Client& client, const OverrideOrder& order) {
  const std::string targets = order.targets.to_string();
  if (order.kind.clears) {
    client.clear_override(targets);
  } else {
    const OverrideWishes& wishes = order.wishes;
    client.set_override(targets, order.kind.name, span_of(wishes), wishes.reason);
  }
}

// Says what was done, a line for each word.
void report_done(const OverrideOrder& order) {
  std::string text;
  for (const MeantWord& each : order.targets.words()) {
    const TargetList list(each.exactly);
    const auto count = std::ranges::count_if(order.plan, [&](const OverridePreview& one) {
      return list.matches(one.service, one.address);
    });
    text += fmt::format("{}: {} {}{}\n", printable(each.word),
                        text::counted(static_cast<std::size_t>(count), "backend"), order.kind.done,
                        until_of(order.wishes));
  }
  try_put_out(text);
}

// What --wait and --close-after would have to do with.
std::string waited_for(Client& client, const OverrideOrder& order) {
  if (!order.wishes.waits()) return "";
  const auto counted = client.connections("");
  if (!counted) throw counted.error();
  std::size_t connections = 0;
  for (const ConnectionReport& each : *counted)
    if (order.targets.means(each.service, each.address)) connections += each.connections;
  const std::string& limit = order.wishes.close_after;
  return fmt::format("{} of this host would be waited for{}\n",
                     text::counted(connections, "connection"),
                     limit.empty() ? "" : ", and what is left after " + limit + " ended");
}

std::string dry_run_text(Client& client, const OverrideOrder& order) {
  return plan_text(order.plan, until_of(order.wishes)) + waited_for(client, order) +
         "Nothing is changed, by --dry-run.\n";
}

// "app.local would have no backend left for lookups"
std::string would_be_empty(const std::vector<std::string>& services) {
  return printable(
      fmt::format("{} would have no backend left for lookups", fmt::join(services, ", ")));
}

// Whether to go on, though services are left without a backend.
bool accepts(const std::vector<std::string>& empty, const OverrideWishes& wishes) {
  return empty.empty() || wishes.yes || consents(would_be_empty(empty));
}

void warn_of_emptied(const std::vector<std::string>& empty) {
  for (const std::string& service : empty)
    fmt::print(stderr, "hlbctl: warning: {} has no backend left for lookups\n", printable(service));
}

// What the fleet's log says of it.
std::string what_is_done(const OverrideOrder& order) {
  const std::string& span = order.wishes.span;
  return fmt::format("{} {}{}", order.kind.name, fmt::join(order.wishes.targets, " "),
                     span.empty() ? "" : " for " + span);
}

int apply_for_fleet(const Settings& settings, const Kind& kind, const OverrideWishes& wishes) {
  const std::chrono::milliseconds span = span_of(wishes);
  FleetOverrides fleet(settings, wishes.identity);
  OverrideOrder order{kind, wishes,
                      find_targets(wishes.targets, fleet.what_there_is(), Purpose::change)};
  order.plan = fleet.preview(order.targets, order.kind_name());
  expect_some(order);
  if (wishes.dry_run) {
    put_out(plan_text(order.plan, until_of(wishes)) + "Nothing is changed, by --dry-run.\n");
    return kOk;
  }
  const std::vector<std::string> empty = emptied(order.plan);
  if (!accepts(empty, wishes)) return kTrouble;
  fleet.write(order.plan, span, wishes.reason, what_is_done(order));
  report_done(order);
  warn_of_emptied(empty);
  return kOk;
}

int apply(const Settings& settings, const Kind& kind, const OverrideWishes& wishes) {
  if (wishes.fleet) return apply_for_fleet(settings, kind, wishes);
  Emptying emptying = emptying_of(kind, wishes);  // before anything changes
  Client client(settings);
  if (wishes.waits()) expect_counts(client);
  const OverrideOrder order = order_of(client, kind, wishes);
  if (wishes.dry_run) {
    put_out(dry_run_text(client, order));
    return kOk;
  }
  const std::vector<std::string> empty = emptied(order.plan);
  if (!accepts(empty, wishes)) return kTrouble;
  send(client, order);
  report_done(order);
  warn_of_emptied(empty);
  if (!wishes.waits()) return kOk;
  emptying.targets = order.targets;
  return await_empty(client, emptying);
}

void add_options(CLI::App& command, OverrideWishes& wishes, const Kind& kind) {
  CLI::Option* const fleet =
      command.add_flag("--fleet", wishes.fleet, "on all hosts of the fleet: see hlb-fleet(7)");
  add_identity(command, wishes.identity);
  if (!kind.clears) {
    command.add_option("--for", wishes.span, "so long: 30m, 2h, 1h30m; until cleared unless set")
        ->type_name("DURATION");
    command.add_option("--reason", wishes.reason, "why, for those who will ask")->type_name("TEXT");
  }
  if (kind.empties) {
    command.add_flag("--wait", wishes.wait, "return when this host has no connection to them left")
        ->excludes(fleet);
    command
        .add_option("--close-after", wishes.close_after,
                    "wait, and end the connections that are left after so long")
        ->type_name("DURATION")
        ->excludes(fleet);
  }
  command.add_flag("--dry-run", wishes.dry_run, "show what would be changed, and change nothing");
  if (kind.may_take_away) {
    command.add_flag("--yes", wishes.yes, "don't ask before a service is left without a backend");
  }
}

CLI::App* add(CLI::App& app, const Settings& settings, Run& run, const Kind& kind) {
  auto wishes = std::make_shared<OverrideWishes>();
  CLI::App* command = app.add_subcommand(kind.name, kind.help);
  command
      ->add_option("TARGET", wishes->targets,
                   "a service, SERVICE/ADDRESS or ADDRESS, with * and ? as wildcards")
      ->type_name("")
      ->required();
  add_options(*command, *wishes, kind);
  command->callback([wishes, kind, &settings, &run] {
    run = [wishes, kind, &settings] { return apply(settings, kind, *wishes); };
  });
  return command;
}

}  // namespace

void add_drain(CLI::App& app, const Settings& settings, Run& run) {
  add(app, settings, run, kDrain)
      ->footer(
          "Examples:\n"
          "  hlbctl drain app.local/10.0.0.1 --for 30m --reason \"kernel update\"\n"
          "  hlbctl drain app.local/10.0.0.1 --close-after 60s && ssh 10.0.0.1 reboot\n"
          "  hlbctl drain '*/10.0.0.*'");
}

void add_maintenance(CLI::App& app, const Settings& settings, Run& run) {
  add(app, settings, run, kMaintenance)
      ->footer(
          "Examples:\n"
          "  hlbctl maintenance 10.0.0.1 --for 2h --reason \"new disks\"\n"
          "  hlbctl maintenance app.local");
}

void add_up(CLI::App& app, const Settings& settings, Run& run) {
  add(app, settings, run, kUp)
      ->footer(
          "Example:\n"
          "  hlbctl up app.local/10.0.0.1 --for 1h --reason \"its check is broken\"");
}

void add_down(CLI::App& app, const Settings& settings, Run& run) {
  add(app, settings, run, kDown)
      ->footer(
          "Example:\n"
          "  hlbctl down app.local/10.0.0.1 --reason \"gives wrong answers\"");
}

void add_clear(CLI::App& app, const Settings& settings, Run& run) {
  add(app, settings, run, kClear)
      ->footer(
          "Examples:\n"
          "  hlbctl clear app.local/10.0.0.1\n"
          "  hlbctl clear '*'");
}

}  // namespace hlb::ctl
