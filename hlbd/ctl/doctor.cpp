// hlbctl doctor: finds every reason why a lookup would not be answered by hlb.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "ctl/commands.h"
#include "ctl/doctor/examine.h"
#include "ctl/doctor/present.h"
#include "ctl/output.h"
#include "ctl/terminal/terminal.h"
#include "ctl/what_there_is.h"

namespace hlb::ctl {
namespace {

struct Asked {
  std::vector<std::string> names;
  std::string program;
  bool json = false;
};

int run_doctor(const Settings& settings, const Asked& asked) {
  refuse_urls(asked.names);
  const auto examination = doctor::examine(settings, asked.names, asked.program);
  if (!examination) throw Failure(kTrouble, examination.error());
  const Terminal terminal = Terminal::of_standard_output();
  put_out(asked.json ? doctor::as_json(*examination) : doctor::as_text(*examination, terminal));
  return examination->has_faults() ? kTrouble : kOk;
}

}  // namespace

void add_doctor(CLI::App& app, const Settings& settings, Run& run) {
  auto asked = std::make_shared<Asked>();
  CLI::App* command =
      app.add_subcommand("doctor", "find every reason why a lookup isn't answered by hlb");
  command->add_option("name", asked->names, "names to look at; all in the table if none is given")
      ->type_name("NAME");
  command
      ->add_option("--program", asked->program,
                   "a program, or a process, that may look names up in its own way")
      ->type_name("PATH|PID");
  command->add_flag("--json", asked->json, "print what is found for scripts");
  command->footer(
      "Examples:\n"
      "  hlbctl doctor\n"
      "  hlbctl doctor app.local --program curl");
  command->callback([asked, &settings, &run] {
    run = [asked, &settings] { return run_doctor(settings, *asked); };
  });
}

}  // namespace hlb::ctl
