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

// How this host takes part in a fleet: see hlb-fleet(7).
struct FleetConfig {
  // Of an address, as many of its leading bits as are fixed: 10.0.0.0/8.
  struct Network {
    Address address;
    std::uint8_t bits = 0;

    friend bool operator==(const Network&, const Network&) = default;
  };

  std::vector<std::string> etcd;   // "https://etcd1:2379", "http://127.0.0.1:2379"; never empty
  std::vector<std::string> names;  // that the fleet may define: "app.internal", "*.internal"
  std::vector<Network> allow;      // addresses that it may give; never empty, as `names`
  std::string prefix = "/hlb";     // of all keys
  std::string ca;                  // PEM files, absolute paths; empty: the system's
  std::string certificate;         // empty: none
  std::string key;                 // set if and only if `certificate` is

  friend bool operator==(const FleetConfig&, const FleetConfig&) = default;
};

// A backend of this host that hlbd puts into the fleet's catalog.
struct Registration {
  std::string service;
  Address address;
  std::uint16_t port = 0;  // 0: that of the service's checks
  std::uint32_t weight = 1;
  std::uint16_t priority = 0;
  bool deregister_on_stop = false;
  // Once it has been down for so long, others may take it out; 0: never.
  std::chrono::milliseconds forget_after{0};

  friend bool operator==(const Registration&, const Registration&) = default;
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
  std::optional<FleetConfig> fleet;         // unset: this host stands alone
  std::vector<Registration> registrations;  // empty without a fleet
  std::vector<std::string> warnings;        // what is no fault, yet hardly meant: "file: message"
};

// One fault of a configuration file; `to_string()` is "file:line:column: message". A fault of the
// file itself (missing, unreadable, too large) has line 0 and prints as "file: message".
struct ConfigError {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  std::string message;

  std::string place() const;  // "file:line:column", or "file"
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
