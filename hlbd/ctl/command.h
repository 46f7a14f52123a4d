// What a sub-command of hlbctl is: it adds itself to the command line, and says what to run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

// Whose headers take longer to compile than all the rest of a sub-command.
namespace CLI {
class App;
}

namespace hlb::ctl {

// What hlbctl ends with. `status` has more to say, see exit_code().
using ExitCode = int;
inline constexpr ExitCode kOk = 0;
inline constexpr ExitCode kTrouble = 1;      // what was asked for can't be had, or was found
inline constexpr ExitCode kUnreachable = 3;  // hlbd doesn't answer

// Ends a sub-command: with a line for standard error that says what to do, and with what hlbctl
// ends then.
struct Failure : std::runtime_error {
  Failure(ExitCode exit_code, const std::string& line)
      : std::runtime_error(line), code(exit_code) {}

  ExitCode code;
};

// What holds for every sub-command, as given on the command line.
struct Settings {
  enum class Bus : std::uint8_t { system, session };

  Bus bus = Bus::system;
  std::filesystem::path config = "/etc/hlb/hlbd.toml";
  std::filesystem::path runtime_dir = "/run/hlb";
};

// What the command line chose; returns an ExitCode.
using Run = std::function<int()>;

// Adds sub-commands to `app`, each of which sets `run` when it is chosen. `settings` are complete
// by then, and outlive it.
using AddCommand = void (*)(CLI::App& app, const Settings& settings, Run& run);

}  // namespace hlb::ctl
