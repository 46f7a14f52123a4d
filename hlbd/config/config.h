// The configuration as plain data, and how it is loaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "health/service.h"
#include "system/log_level.h"

namespace hlb {

// Where the metrics are served: at a port of this host, or at a unix socket.
struct MetricsAddress {
  Address address;         // of this host; 0.0.0.0 and :: mean all of them
  std::uint16_t port = 0;  // 0: at the socket
  std::string socket;      // an absolute path; empty: at the port

  friend bool operator==(const MetricsAddress&, const MetricsAddress&) = default;
};

struct Config {
  LogLevel log_level = LogLevel::info;
  std::chrono::milliseconds max_stale{10'000};  // how long answers outlive a dead hlbd
  std::vector<std::string> on_change;           // for services without a command of their own
  std::string on_change_user = "nobody";        // runs every on_change when hlbd is root
  bool watch_connections = true;                // of all programs, to remote backends
  bool count_connections = false;               // for the metrics
  std::optional<MetricsAddress> metrics;        // unset: not served
  std::vector<ServiceSpec> services;
  std::vector<std::string> warnings;  // what is no fault, yet hardly meant: "file: message"
};

// One fault of a configuration file; `to_string()` is "file:line:column: message". A fault of the
// file itself (missing, unreadable, too large) has line 0 and prints as "file: message".
struct ConfigError {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  std::string message;

  std::string to_string() const;
};

using ConfigErrors = std::vector<ConfigError>;

// A larger file is a fault.
inline constexpr std::size_t kMaxConfigFile = std::size_t{1} << 20U;

// Reads `file`, then services.d/*.toml beside it in the order of their names. With any fault there
// is no configuration, but all faults of all files, and the warnings. Never throws for what a file
// holds.
tl::expected<Config, ConfigErrors> load_config(const std::filesystem::path& file);

}  // namespace hlb
