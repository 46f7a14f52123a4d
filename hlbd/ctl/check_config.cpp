// hlbctl check-config: says what is wrong with a configuration. Needs no hlbd.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <variant>

#include "config/config.h"
#include "ctl/commands.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

int check_config(const std::filesystem::path& file) {
  const auto loaded = load_config(file);
  if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
    for (const ConfigError& error : *errors)
      std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return kTrouble;
  }
  const std::size_t services = std::get<Config>(loaded).services.size();
  std::printf("%s: ok, %s\n", file.c_str(), text::counted(services, "service").c_str());
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
