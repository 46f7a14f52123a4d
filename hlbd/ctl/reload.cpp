// hlbctl reload: has hlbd read its configuration anew.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/terminal/text.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

// What would be changed, a line for each service.
std::string dry_run_text(Client& client) {
  std::string text;
  for (const ServicePreview& each : client.preview_reload())
    text += printable(fmt::format("{}: {}, {}", each.service, each.change, each.what)) + "\n";
  if (text.empty()) text = "No service would be changed.\n";
  return text + "Nothing is changed, by --dry-run.\n";
}

int reload(const Settings& settings, bool dry_run) {
  Client client(settings);
  if (dry_run) {
    put_out(dry_run_text(client));
    return kOk;
  }
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
  auto dry_run = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *dry_run, "show which services would be changed, and change none");
  command->callback([dry_run, &settings, &run] {
    run = [dry_run, &settings] { return reload(settings, *dry_run); };
  });
}

}  // namespace hlb::ctl
