// The command line of hlbd.
#pragma once

#include <cstdint>
#include <filesystem>
#include <tl/expected.hpp>

namespace hlb {

struct Options {
  enum class Bus : std::uint8_t { system, session, none };

  std::filesystem::path config = "/etc/hlb/hlbd.toml";
  std::filesystem::path runtime_dir = "/run/hlb";
  std::filesystem::path state_dir = "/var/lib/hlb";
  Bus bus = Bus::system;
  // Where the helpers listen; empty: hlbd starts them itself.
  std::filesystem::path programs_socket;
  std::filesystem::path connections_socket;
  bool check_config = false;
  bool retire = false;
};

// Parses the command line. Prints help, version or a usage error itself, and then returns an exit
// code instead of options.
tl::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace hlb
