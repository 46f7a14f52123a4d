// hlbctl failback: has the best priority of a service, which is held back, serve again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/status/snapshot.h"
#include "ctl/targets.h"
#include "ctl/terminal/text.h"
#include "ctl/what_there_is.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

struct FailbackWishes {
  std::vector<std::string> services;
  bool dry_run = false;
};

// What would be done, of one service.
std::string dry_run_text(Client& client, const std::string& service) {
  const std::vector<BackendReport> backends = backends_of(client, service);
  const auto serving = client.serving();
  const auto found = serving.find(service);
  std::string text;
  for (const BackendReport& each : backends) {
    if (!each.held_back) continue;
    text += printable(fmt::format("{}/{}: held back -> serving, at priority {}", service,
                                  each.address, each.priority)) +
            "\n";
  }
  if (text.empty()) throw Failure(kTrouble, printable(service) + ": no backend is held back");
  const std::string now = found == serving.end() ? "" : ", in place of " + found->second;
  text.insert(text.size() - 1, printable(now));
  return text;
}

void fail_back(Client& client, const std::string& service, bool dry_run) {
  if (dry_run) return put_out(dry_run_text(client, service));
  const std::uint32_t count = client.fail_back(service);
  try_put_out(fmt::format("{}: {} held back no more\n", printable(service),
                          text::counted(count, "backend")));
}

// Goes on with the other services when one can't.
int fail_back(const Settings& settings, const FailbackWishes& wishes) {
  Client client(settings);
  const Targets targets = ask_targets(client, wishes.services, Purpose::change);
  ExitCode code = kOk;
  for (const std::string& service : targets.services()) {
    try {
      fail_back(client, service, wishes.dry_run);
    } catch (const Failure& failure) {
      if (failure.code == kUnreachable) throw;
      fmt::print(stderr, "hlbctl: {}\n", failure.what());
      code = kTrouble;
    }
  }
  if (wishes.dry_run) put_out("Nothing is changed, by --dry-run.\n");
  return code;
}

}  // namespace

void add_failback(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<FailbackWishes>();
  CLI::App* command =
      app.add_subcommand("failback", "let the best priority of these services serve again");
  command
      ->add_option("SERVICE", wishes->services,
                   "a service that holds it back (failback = \"manual\"), or an alias")
      ->type_name("")
      ->required();
  command->add_flag("--dry-run", wishes->dry_run, "show what would be changed, and change nothing");
  command->footer(
      "Example:\n"
      "  hlbctl failback db.local");
  command->callback([wishes, &settings, &run] {
    run = [wishes, &settings] { return fail_back(settings, *wishes); };
  });
}

}  // namespace hlb::ctl
