// hlbctl(1): shows what hlbd knows, and changes what it answers.
#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/commands.h"
#include "ctl/complete.h"
#include "ctl/help_text.h"
#include "ctl/output.h"
#include "ctl/usage_error.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

void add_settings(CLI::App& app, Settings& settings) {
  const auto take_bus = [&settings](const std::string& word) {
    if (word != "system" && word != "session")
      throw CLI::ValidationError("--bus takes system or session, not " + text::in_quotes(word));
    settings.bus = word == "system" ? Settings::Bus::system : Settings::Bus::session;
  };
  app.add_option_function<std::string>("--bus", take_bus,
                                       "message bus on which hlbd offers org.hlb1")
      ->type_name("system|session")
      ->default_str("system");
  app.add_option("--config", settings.config, "hlbd's configuration")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--runtime-dir", settings.runtime_dir, "where hlbd keeps the table and socket")
      ->type_name("DIR")
      ->capture_default_str();
  app.set_version_flag("--version", HLB_VERSION);
}

int run(int argc, const char* const* argv) {
  CLI::App app("Shows which backends hlbd answers with, and why, and changes it (see hlbctl(1)).",
               "hlbctl");
  Settings settings;
  Run chosen;
  add_settings(app, settings);
  app.require_subcommand(0, 1);
  app.failure_message(usage_error);
  app.fallthrough();  // the settings may follow a subcommand, too
  for (const AddCommand add : kCommands)
    add(app, settings, chosen);
  // Set after the sub-commands are added, as each would inherit it.
  app.footer(
      "Without a subcommand it shows the status; `hlbctl SUBCOMMAND --help` has more.\n"
      "\nExamples:\n"
      "  hlbctl\n"
      "  hlbctl drain app.local/10.0.0.1 --for 30m --reason \"kernel update\"");
  if (argc > 1 && std::string_view(argv[1]) == "complete") {  // by shells, so not in --help
    return print_completion(app, settings, std::vector<std::string>(argv + 2, argv + argc));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream said;
    const int exit_code = app.exit(error, said);
    put_out(fit_help(said.str(), Terminal::of_standard_output()));
    return exit_code;
  }
  const int exit_code = chosen ? chosen() : show_status(settings);
  flush_output();
  return exit_code;
}

}  // namespace
}  // namespace hlb::ctl

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");  // which says what characters can be shown: see printable()
  try {
    return hlb::ctl::run(argc, argv);
  } catch (const hlb::ctl::Failure& failure) {
    std::fprintf(stderr, "hlbctl: %s\n", failure.what());
    return failure.code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hlbctl: %s\n", error.what());
    return hlb::ctl::kTrouble;
  }
}
