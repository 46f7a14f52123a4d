// hlbctl help and version: what --help and --version print, for those who try these first.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "ctl/commands.h"
#include "ctl/help_text.h"
#include "ctl/output.h"
#include "ctl/usage_error.h"

namespace hlb::ctl {
namespace {

// `words` name a sub-command, as in "import dnsmasq", or none.
int print_help(CLI::App& app, const std::vector<std::string>& words) {
  app.clear();  // or it shows the help of the sub-command that was chosen, which is this one
  const CLI::App* command = &app;
  std::string before;
  for (const std::string& word : words) {
    before += (before.empty() ? "" : " ") + command->get_name();
    const CLI::App* next = subcommand_of(command, word);
    if (next == nullptr) throw Failure(kTrouble, fault_of_word(command, word));
    command = next;
  }
  put_out(fit_help(command->help(before), Terminal::of_standard_output()));
  return kOk;
}

}  // namespace

void add_help(CLI::App& app, const Settings& /*settings*/, Run& run) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("help", "show the options of a subcommand");
  command->add_option("COMMAND", *words, "a subcommand; hlbctl itself unless given")->type_name("");
  command->footer("Example:\n  hlbctl help drain");
  command->callback(
      [words, &app, &run] { run = [words, &app] { return print_help(app, *words); }; });
}

void add_version(CLI::App& app, const Settings& /*settings*/, Run& run) {
  CLI::App* command = app.add_subcommand("version", "print the version of hlbctl");
  command->callback([&run] {
    run = [] {
      put_out(HLB_VERSION "\n");
      return kOk;
    };
  });
}

}  // namespace hlb::ctl
