// hlbctl drain, maintenance, up, down and clear: what the operator says of backends, in place of
// their checks.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/emptying.h"
#include "ctl/output.h"
#include "ctl/terminal/text.h"
#include "ctl/terminal/times.h"
#include "text/duration.h"

namespace hlb::ctl {
namespace {

struct Kind {
  const char* name;
  const char* help;
  const char* done;
};

constexpr Kind kDrain = {"drain", "give these backends no new clients; checks go on", "drained"};
constexpr Kind kMaintenance = {"maintenance", "the same, and run no hooks for them",
                               "in maintenance"};
constexpr Kind kUp = {"up", "answer with these backends, whatever their checks say", "forced up"};
constexpr Kind kDown = {"down", "take these backends as down, whatever their checks say",
                        "forced down"};
constexpr Kind kClear = {"clear", "let the checks of these backends decide again", "as checks say"};

struct OverrideWishes {
  std::vector<std::string> targets;
  std::string span;
  std::string reason;
  bool wait = false;  // until no connection is left
  std::string close_after;

  bool waits() const { return wait || !close_after.empty(); }
};

// The duration that an option gives; 0 where it isn't given.
std::chrono::milliseconds duration_of(const char* option, const std::string& text) {
  if (text.empty()) return std::chrono::milliseconds(0);
  const auto span = text::parse_durations(text);
  if (!span) {
    throw Failure(kTrouble, fmt::format("{} {} is no duration: it is given like 30m, 2h or 1h30m",
                                        option, text));
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

// The services whose backends are all kept from lookups. Judged by the backends, which have an
// override at once; the services are told of it a moment later.
std::set<std::string> without_answer(Client& client) {
  std::set<std::string> all;
  std::set<std::string> answered;
  for (BackendReport& backend : client.backends("")) {
    auto& names = backend.weight_percent > 0 ? answered : all;
    names.insert(std::move(backend.service));
  }
  std::erase_if(all, [&answered](const std::string& name) { return answered.contains(name); });
  return all;
}

void warn_of_emptied(Client& client, const std::set<std::string>& empty_before) {
  for (const std::string& service : without_answer(client)) {
    if (empty_before.contains(service)) continue;
    fmt::print(stderr, "hlbctl: warning: {} has no backend left for lookups\n", printable(service));
  }
}

// Applies it to one target, and says what was done.
void apply_to(Client& client, const std::string& target, const Kind& kind,
              const OverrideWishes& wishes) {
  const std::chrono::milliseconds span = span_of(wishes);
  const bool clears = kind.name == kClear.name;
  const std::uint32_t count = clears ? client.clear_override(target)
                                     : client.set_override(target, kind.name, span, wishes.reason);
  const WallTime now = wall_now();
  const std::string until = span.count() == 0 ? "" : " until " + moment(now + span, now);
  try_put_out(fmt::format("{}: {} backend{} {}{}\n", target, count, count == 1 ? "" : "s",
                          kind.done, until));
}

// Goes on with the other targets when one means no backend.
int apply(const Settings& settings, const Kind& kind, const OverrideWishes& wishes) {
  Emptying emptying = emptying_of(kind, wishes);  // before anything changes
  Client client(settings);
  if (wishes.waits()) expect_counts(client);
  const std::set<std::string> empty_before = without_answer(client);
  std::set<std::string> complaints;
  for (const std::string& target : wishes.targets) {
    try {
      apply_to(client, target, kind, wishes);
      emptying.targets.push_back(target);
    } catch (const Failure& failure) {
      if (failure.code == kUnreachable) throw;
      if (!complaints.insert(failure.what()).second) continue;  // the same of each target
      fmt::print(stderr, "hlbctl: {}\n", failure.what());
    }
  }
  warn_of_emptied(client, empty_before);
  const ExitCode applied = complaints.empty() ? kOk : kTrouble;
  if (!wishes.waits() || emptying.targets.empty()) return applied;
  return std::max(applied, await_empty(client, emptying));
}

CLI::App* add(CLI::App& app, const Settings& settings, Run& run, const Kind& kind) {
  auto wishes = std::make_shared<OverrideWishes>();
  CLI::App* command = app.add_subcommand(kind.name, kind.help);
  command
      ->add_option("TARGET", wishes->targets,
                   "SERVICE, SERVICE/ADDRESS or ADDRESS, with * and ? as wildcards")
      ->type_name("")
      ->required();
  if (kind.name != kClear.name) {
    command->add_option("--for", wishes->span, "so long: 30m, 2h, 1h30m; until cleared unless set")
        ->type_name("DURATION");
    command->add_option("--reason", wishes->reason, "why, for those who will ask")
        ->type_name("TEXT");
  }
  if (kind.name == kDrain.name || kind.name == kMaintenance.name) {
    command->add_flag("--wait", wishes->wait,
                      "return when this host has no connection to them left");
    command
        ->add_option("--close-after", wishes->close_after,
                     "wait, and end the connections that are left after so long")
        ->type_name("DURATION");
  }
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
