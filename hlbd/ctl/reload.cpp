// hlbctl reload: has hlbd read its configuration anew.
#include <CLI/CLI.hpp>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

int reload(const Settings& settings) {
  Client client(settings);
  client.reload();
  const DaemonReport hlbd = client.daemon();
  const std::string services = text::counted(hlbd.overview.services, "service");
  put_out(hlbd.config_file + ": read anew, " + services + "\n");
  return kOk;
}

}  // namespace

void add_reload(CLI::App& app, const Settings& settings, Run& run) {
  CLI::App* command =
      app.add_subcommand("reload", "have hlbd read its configuration anew; faults change nothing");
  command->footer(
      "Example:\n"
      "  hlbctl check-config && hlbctl reload");
  command->callback([&settings, &run] { run = [&settings] { return reload(settings); }; });
}

}  // namespace hlb::ctl
