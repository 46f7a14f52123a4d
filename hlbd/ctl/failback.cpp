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
#include "text/wording.h"

namespace hlb::ctl {
namespace {

// Goes on with the other services when one can't.
int fail_back(const Settings& settings, const std::vector<std::string>& services) {
  Client client(settings);
  ExitCode code = kOk;
  for (const std::string& service : services) {
    try {
      const std::uint32_t count = client.fail_back(service);
      try_put_out(
          fmt::format("{}: {} held back no more\n", service, text::counted(count, "backend")));
    } catch (const Failure& failure) {
      if (failure.code == kUnreachable) throw;
      fmt::print(stderr, "hlbctl: {}\n", failure.what());
      code = kTrouble;
    }
  }
  return code;
}

}  // namespace

void add_failback(CLI::App& app, const Settings& settings, Run& run) {
  auto services = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      app.add_subcommand("failback", "let the best priority of these services serve again");
  command->add_option("SERVICE", *services, "a service that holds it back (failback = \"manual\")")
      ->type_name("")
      ->required();
  command->footer(
      "Example:\n"
      "  hlbctl failback db.local");
  command->callback([services, &settings, &run] {
    run = [services, &settings] { return fail_back(settings, *services); };
  });
}

}  // namespace hlb::ctl
