// What a sub-command of hlbctl is: a function that adds it to the command line, and sets what is
// run when it is chosen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

// Declared here, as CLI11's headers take longer to compile than all the rest of a sub-command.
namespace CLI {
class App;
}

namespace hlb::ctl {

// The exit code of hlbctl. `hlbctl status` has more, see exit_code().
using ExitCode = int;
inline constexpr ExitCode kOk = 0;
inline constexpr ExitCode kTrouble = 1;      // what was asked for can't be had, or was found
inline constexpr ExitCode kUnreachable = 3;  // hlbd doesn't answer

// Ends a sub-command: main() writes the line, which says what to do, to standard error, and exits
// with the code.
struct Failure : std::runtime_error {
  Failure(ExitCode exit_code, const std::string& line)
      : std::runtime_error(line), code(exit_code) {}

  ExitCode code;
};

// The settings of every sub-command, as given on the command line.
struct Settings {
  enum class Bus : std::uint8_t { system, session };

  Bus bus = Bus::system;
  std::filesystem::path config = "/etc/hlb/hlbd.toml";
  std::filesystem::path runtime_dir = "/run/hlb";
};

// The sub-command that was chosen, ready to run; returns an ExitCode. May throw a Failure.
using Run = std::function<int()>;

// Adds sub-commands to `app`; each sets `run` when it is chosen. `settings` are complete by then,
// and outlive it.
using AddCommand = void (*)(CLI::App& app, const Settings& settings, Run& run);

}  // namespace hlb::ctl
