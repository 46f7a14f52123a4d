// What `hlbctl status` shows, as plain data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "operators/report.h"

namespace hlb::ctl {

struct Listed {
  ServiceReport service;
  std::vector<BackendReport> backends;
};

struct Snapshot {
  DaemonReport hlbd;
  std::vector<Listed> services;
};

// Of the service that `name` belongs to, or of all for "". Throws as Client does.
Snapshot take_snapshot(Client& client, const std::string& name);

// The backends of one service, with all that is known of them.
std::vector<BackendReport> backends_of(Client& client, const std::string& service);

// Whether it would be answered if those of a better priority weren't. `all` are its service's.
bool is_standby(const BackendReport& backend, std::span<const BackendReport> all);

// How well a service stands. Backends under maintenance don't count; nor does a service that has no
// others.
enum class Standing : std::uint8_t {
  whole,    // all are up
  partial,  // some aren't, or are being checked for the first time
  none,     // none is up, or lookups are given none
};

Standing standing(const ServiceReport& service, const std::vector<BackendReport>& backends);
bool has_override(const std::vector<BackendReport>& backends);

// 0, 1 or 2: as the service that stands worst.
int exit_code(const Snapshot& snapshot);

}  // namespace hlb::ctl
