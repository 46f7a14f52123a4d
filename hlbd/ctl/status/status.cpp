// hlbctl status: what hlbd knows of its services, once or again and again.
#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>

#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/status/snapshot.h"
#include "ctl/status/status_text.h"
#include "ctl/status/watch.h"
#include "ctl/terminal/times.h"

namespace hlb::ctl {
namespace {

struct StatusWishes {
  std::string service;
  std::string watch;  // what follows --watch
  bool watching = false;
  bool all = false;
  bool json = false;
};

// The seconds of --watch; nullopt for any other text, which may be a service's name.
std::optional<std::chrono::milliseconds> seconds_of(const std::string& text) {
  constexpr double kLeast = 0.2;
  constexpr double kMost = 3600;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (seconds < kLeast || seconds > kMost) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

int watch_status(const Settings& settings, StatusWishes wishes) {
  std::optional<std::chrono::milliseconds> interval = std::chrono::seconds(1);
  if (!wishes.watch.empty()) interval = seconds_of(wishes.watch);
  if (!interval && wishes.service.empty()) {  // status --watch SERVICE
    wishes.service = std::exchange(wishes.watch, "");
    interval = std::chrono::seconds(1);
  }
  if (!interval) throw Failure(kTrouble, "--watch takes seconds, from 0.2 to 3600");
  if (wishes.json) throw Failure(kTrouble, "--watch and --json exclude each other");
  return watch(settings, wishes.service, *interval);
}

int show_status(const Settings& settings, const StatusWishes& wishes) {
  if (wishes.watching) return watch_status(settings, wishes);
  Client client(settings);
  const Snapshot snapshot = take_snapshot(client, wishes.service);
  const Terminal terminal = Terminal::of_standard_output();
  const bool all = wishes.all || !wishes.service.empty();
  const std::string text = wishes.json ? status_json(snapshot, terminal.interactive)
                                       : status_text(snapshot, terminal, all, wall_now());
  put_out(text);
  return exit_code(snapshot);
}

}  // namespace

int show_status(const Settings& settings) {
  return show_status(settings, StatusWishes());
}

void add_status(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<StatusWishes>();
  CLI::App* command =
      app.add_subcommand("status", "show the services, their backends, and how they are");
  command->add_option("SERVICE", wishes->service, "this one alone; an alias will do")
      ->type_name("");
  CLI::Option* watching =
      command->add_option("--watch", wishes->watch, "repaint it every second, or as often as said")
          ->type_name("[SECONDS]")
          ->expected(0, 1);
  command->add_flag("--all", wishes->all, "all services, also on a terminal too small for them");
  command->add_flag("--json", wishes->json, "for scripts: the form is described in hlbctl(1)");
  command->footer(
      "Exit status: 0 all are up, 1 some aren't, 2 a service has none, 3 hlbd can't be reached.\n"
      "\nExamples:\n"
      "  hlbctl\n"
      "  hlbctl status app.local --watch\n"
      "  hlbctl status --json | jq -r '.services[] | select(.state != \"up\") | .name'");
  command->callback([wishes, watching, &settings, &run] {
    wishes->watching = watching->count() > 0;
    run = [wishes, &settings] { return show_status(settings, *wishes); };
  });
}

}  // namespace hlb::ctl
