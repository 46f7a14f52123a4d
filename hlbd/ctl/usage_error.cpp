#include "ctl/usage_error.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "text/ascii.h"
#include "text/wording.h"

namespace hlb::ctl {

namespace {

struct OtherWord {
  std::string_view word;
  const char* subcommand;
};

// Words of other programs for what hlbctl has, and opposites of sub-commands, which spelling would
// take for the very thing: undrain for drain.
constexpr auto kOtherWords = std::to_array<OtherWord>({
    {"undrain", "clear"},
    {"enable", "clear"},
    {"undo", "clear"},
    {"unset", "clear"},
    {"resume", "clear"},
    {"reset", "clear"},
    {"disable", "maintenance"},
    {"maint", "maintenance"},
    {"list", "status"},
    {"show", "status"},
    {"ls", "status"},
    {"log", "events"},
    {"logs", "events"},
    {"history", "events"},
    {"check", "check-config"},
    {"validate", "check-config"},
    {"configtest", "check-config"},
    {"lookup", "resolve"},
    {"query", "resolve"},
    {"diagnose", "doctor"},
});

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

std::string nearest_of(const std::string& word, const std::vector<std::string>& offered) {
  const std::vector<std::string_view> known(offered.begin(), offered.end());
  return std::string(text::nearest(word, known));
}

// Whether it can't be a sub-command, but is like "app.local", "app/10.0.0.1" or "fd00::1".
bool looks_like_target(std::string_view word) {
  return word.find_first_of("./:") != std::string_view::npos &&
         std::ranges::all_of(word, [](char each) {
           return text::is_of_hostname(text::lower_case(each)) || each == '/' || each == ':';
         });
}

std::string meant_option(const CLI::App* command, const std::string& name) {
  std::string meant = nearest_of(name, options_of(command));
  if (!meant.empty() || command->get_parent() != nullptr) return meant;
  meant = nearest_of(name, options_of(command->get_subcommand("status")));
  return meant.empty() ? "" : "hlbctl status " + meant;
}

std::string meant_subcommand(const CLI::App* command, const std::string& name) {
  if (command->get_parent() == nullptr) {
    if (looks_like_target(name)) return "hlbctl status " + name;
    const auto* const other = std::ranges::find(kOtherWords, name, &OtherWord::word);
    if (other != kOtherWords.end()) return other->subcommand;
  }
  return nearest_of(name, subcommands_of(command));
}

// What --help lists what is wrong: that of the sub-command, unless it is an option of all.
std::string help_for(const CLI::App* app, const CLI::App* command, std::string_view fault) {
  const std::vector<std::string> of_all = options_of(app);
  const bool is_of_all = std::ranges::any_of(
      of_all, [&](const std::string& option) { return fault.starts_with(option); });
  return full_name(is_of_all ? app : command) + " --help";
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
  const std::string fault = text::in_quotes(name) + " is no " +
                            (is_option ? "option" : "subcommand") + " of " + full_name(command);
  const std::string meant =
      is_option ? meant_option(command, name) : meant_subcommand(command, name);
  return meant.empty() ? fault : fault + "; did you mean " + meant + "?";
}

std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* const command = chosen_in(app);
  const std::vector<std::string> left = app->remaining(true);
  const bool is_stray =
      !left.empty() && (left.front().starts_with('-') || !subcommands_of(command).empty());
  if (!is_stray) {
    const std::string_view fault = error.what();
    return "hlbctl: " + std::string(fault) + "; see " + help_for(app, command, fault) + "\n";
  }
  const std::string line = fault_of_word(command, left.front());
  return "hlbctl: " + line + (line.ends_with('?') ? " See " : "; see ") + full_name(command) +
         " --help\n";
}

}  // namespace hlb::ctl
