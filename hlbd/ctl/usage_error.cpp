#include "ctl/usage_error.h"

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "text/wording.h"

namespace hlb::ctl {

namespace {

// The sub-command that was chosen, innermost; hlbctl itself if none was.
const CLI::App* chosen_in(const CLI::App* app) {
  while (!app->get_subcommands().empty())
    app = app->get_subcommands().back();
  return app;
}

// "hlbctl import dnsmasq"
std::string full_name(const CLI::App* command) {
  const CLI::App* parent = command->get_parent();
  return parent == nullptr ? command->get_name() : full_name(parent) + " " + command->get_name();
}

void add_options(const CLI::App* command, std::vector<std::string>& names) {
  for (const CLI::Option* option :
       command->get_options([](const CLI::Option* each) { return each->nonpositional(); })) {
    for (const std::string& name : option->get_lnames())
      names.push_back("--" + name);
  }
}

// The long options that may follow the sub-command.
std::vector<std::string> options_of(const CLI::App* command) {
  std::vector<std::string> names;
  for (; command != nullptr; command = command->get_parent())
    add_options(command, names);
  return names;
}

std::vector<std::string> subcommands_of(const CLI::App* command) {
  std::vector<std::string> names;
  for (const CLI::App* each : command->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(each->get_name());
  return names;
}

}  // namespace

const CLI::App* subcommand_of(const CLI::App* command, const std::string& name) {
  const auto found =
      command->get_subcommands([&](const CLI::App* each) { return each->check_name(name); });
  return found.empty() ? nullptr : found.front();
}

std::string fault_of_word(const CLI::App* command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const bool is_option = word.starts_with('-');
  const std::vector<std::string> offered =
      is_option ? options_of(command) : subcommands_of(command);
  const std::vector<std::string_view> known(offered.begin(), offered.end());
  const std::string fault = text::in_quotes(name) + " is no " +
                            (is_option ? "option" : "subcommand") + " of " + full_name(command);
  const std::string_view meant = text::nearest(name, known);
  return meant.empty() ? fault : fault + "; did you mean " + std::string(meant) + "?";
}

std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* const command = chosen_in(app);
  const std::vector<std::string> left = app->remaining(true);
  const bool is_stray =
      !left.empty() && (left.front().starts_with('-') || !subcommands_of(command).empty());
  if (!is_stray) return std::string("hlbctl: ") + error.what() + "; see hlbctl --help\n";
  const std::string line = fault_of_word(command, left.front());
  return "hlbctl: " + line + (line.ends_with('?') ? " See " : "; see ") + full_name(command) +
         " --help\n";
}

}  // namespace hlb::ctl
