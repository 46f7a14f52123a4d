// What hlbctl says of a command line that it doesn't understand.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace hlb::ctl {

// The sub-command of `command` by this name; nullptr if it has none.
const CLI::App* subcommand_of(const CLI::App* command, const std::string& name);

// What is wrong with a word in the place of an option or a sub-command of `command`, and what was
// probably meant.
std::string fault_of_word(const CLI::App* command, const std::string& word);

// One line: CLI11's message, or for a word that nothing takes what was probably meant. `app` is the
// whole command line, which has been parsed until the error.
std::string usage_error(const CLI::App* app, const CLI::Error& error);

}  // namespace hlb::ctl
