// hlbctl status: what hlbd knows of its services, once or again and again.
#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/status/snapshot.h"
#include "ctl/status/status_text.h"
#include "ctl/status/watch.h"
#include "ctl/terminal/times.h"
#include "ctl/what_there_is.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

struct StatusWishes {
  std::vector<std::string> targets;
  std::string watch;  // what follows --watch
  bool watching = false;
  bool down = false;
  bool all = false;
  bool json = false;
};

// The seconds of --watch; nullopt for what is no number, and so a target.
std::optional<std::chrono::milliseconds> seconds_of(const std::string& text) {
  constexpr double kLeast = 0.2;
  constexpr double kMost = 3600;
  if (text.find_first_not_of("+-.0123456789") != std::string::npos) return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error != std::errc() || seconds < kLeast || seconds > kMost) {
    throw Failure(kTrouble,
                  "--watch takes seconds, from 0.2 to 3600, not " + text::in_quotes(text));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

int watch_status(const Settings& settings, StatusWishes wishes) {
  std::optional<std::chrono::milliseconds> interval = std::chrono::seconds(1);
  if (!wishes.watch.empty()) interval = seconds_of(wishes.watch);
  if (!interval) {  // status --watch TARGET
    wishes.targets.push_back(wishes.watch);
    interval = std::chrono::seconds(1);
  }
  if (wishes.json) throw Failure(kTrouble, "--watch and --json exclude each other");
  return watch(settings, {wishes.targets, wishes.down}, *interval);
}

int show_status(const Settings& settings, const StatusWishes& wishes) {
  if (wishes.watching) return watch_status(settings, wishes);
  Client client(settings);
  Snapshot snapshot = take_snapshot(client, ask_targets(client, wishes.targets, Purpose::read));
  const ExitCode code = exit_code(snapshot);
  if (wishes.down) keep_wrong(snapshot);
  const Terminal terminal = Terminal::of_standard_output();
  const bool all = wishes.all || !wishes.targets.empty();
  const std::string text = wishes.json ? status_json(snapshot, terminal.interactive)
                                       : status_text(snapshot, terminal, all, wall_now());
  put_out(text);
  return code;
}

}  // namespace

int show_status(const Settings& settings) {
  return show_status(settings, StatusWishes());
}

void add_status(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<StatusWishes>();
  CLI::App* command =
      app.add_subcommand("status", "show the services, their backends, and how they are");
  command
      ->add_option("TARGET", wishes->targets,
                   "these alone: a service, SERVICE/ADDRESS or ADDRESS, with * and ?")
      ->type_name("");
  CLI::Option* watching =
      command->add_option("--watch", wishes->watch, "repaint it every second, or as often as said")
          ->type_name("[SECONDS]")
          ->expected(0, 1);
  command->add_flag("--down", wishes->down, "only what is wrong, or has an override");
  command->add_flag("--all", wishes->all, "all services, also on a terminal too small for them");
  command->add_flag("--json", wishes->json, "for scripts: the form is described in hlbctl(1)");
  command->footer(
      "Exit status: 0 all are up, 1 some aren't, 2 a service has none, 3 hlbd can't be reached.\n"
      "\nExamples:\n"
      "  hlbctl\n"
      "  hlbctl status --down\n"
      "  hlbctl status app.local '*/10.0.0.1' --watch\n"
      "  hlbctl status --json | jq -r '.services[] | select(.state != \"up\") | .name'");
  command->callback([wishes, watching, &settings, &run] {
    wishes->watching = watching->count() > 0;
    run = [wishes, &settings] { return show_status(settings, *wishes); };
  });
}

}  // namespace hlb::ctl
