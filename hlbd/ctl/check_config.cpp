// hlbctl check-config: says what is wrong with a configuration. Needs no hlbd.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <system_error>

#include "ctl/as_hlbd.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

// hlbd has to be able to read the file that it is started with; a draft of it may lie anywhere.
int check_config(const Settings& settings, const std::filesystem::path& named) {
  const std::filesystem::path& file = named.empty() ? settings.config : named;
  std::error_code ignored;
  const bool is_hlbds =
      named.empty() || std::filesystem::equivalent(file, settings.config, ignored);
  const auto config = is_hlbds ? load_config_as_hlbd(file) : load_config(file);
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
    run = [file, &settings] { return check_config(settings, *file); };
  });
}

}  // namespace hlb::ctl
