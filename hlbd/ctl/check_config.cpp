// hlbctl check-config: says what is wrong with a configuration. Needs no hlbd.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "config/config.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

int check_config(const std::filesystem::path& file) {
  const auto config = load_config(file);
  if (!config) {
    for (const ConfigError& error : config.error())
      std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return kTrouble;
  }
  for (const std::string& warning : config->warnings)
    std::fprintf(stderr, "%s\n", warning.c_str());
  const std::string services = text::counted(config->services.size(), "service");
  put_out(file.string() + ": ok, " + services + "\n");
  return kOk;
}

}  // namespace

void add_check_config(CLI::App& app, const Settings& settings, Run& run) {
  auto file = std::make_shared<std::filesystem::path>();
  CLI::App* command = app.add_subcommand("check-config", "say what is wrong with a configuration");
  command->add_option("FILE", *file, "the configuration; services.d/*.toml beside it is read too")
      ->type_name("");
  command->footer("Example:\n  hlbctl check-config && hlbctl reload");
  command->callback([file, &settings, &run] {
    run = [path = file->empty() ? settings.config : *file] { return check_config(path); };
  });
}

}  // namespace hlb::ctl
