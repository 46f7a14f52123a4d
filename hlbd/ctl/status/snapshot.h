// What `hlbctl status` shows, as plain data and as JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/targets.h"
#include "operators/report.h"
#include "operators/standing.h"

namespace hlb::ctl {

struct Listed {
  ServiceReport service;
  std::vector<BackendReport> backends;
  bool is_part = false;  // some of the backends aren't meant
};

struct Snapshot {
  DaemonReport hlbd;
  std::vector<Listed> services;
};

// Asks hlbd about the services and backends that are meant. Throws as Client does.
Snapshot take_snapshot(Client& client, const Targets& targets);

// Takes out what isn't meant of a service's backends.
void keep_meant(Listed& listed, const Targets& targets);

// Keeps only what is wrong.
void keep_wrong(Snapshot& snapshot);

// All services, with all that is known of them.
std::vector<ServiceReport> services_of(Client& client);

// The backends of one service, or of all for "", with all that is known of them.
std::vector<BackendReport> backends_of(Client& client, const std::string& service);

// Adds this host's connections to these backends of `service`, or of all services for "", if hlbd
// counts them.
void add_connections(Client& client, const std::string& service, std::span<BackendReport> backends);

// Without the backends, those in maintenance are counted like others.
Standing standing(const ServiceReport& service, const std::vector<BackendReport>& backends);

// Where a service stands in the order of those that are shown, as far as these backends say.
Rank rank(const ServiceReport& service, const std::vector<BackendReport>& backends);

// "alice", or "user 1000" for one that the system doesn't know.
std::string user_name(std::uint32_t user_id);

// hlbctl's exit code, 0, 1 or 2, by the service that stands worst.
int exit_code(const Snapshot& snapshot);

// What `hlbctl status --json` prints: in the form that is described in hlbctl(1), and stable. On
// one line, or, for people to `read`, spread over several.
std::string status_json(const Snapshot& snapshot, bool read = false);

}  // namespace hlb::ctl
