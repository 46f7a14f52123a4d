// What stands in the fleet's keys: values as texts, in JSON, and as plain data. Pure. Whatever
// stands in a text is taken or refused; what a text can't hold is in hlb-fleet(7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/config.h"
#include "fleet/keys.h"
#include "health/override.h"
#include "health/service.h"
#include "system/moment.h"

namespace hlb::fleet {

// A backend of the fleet's.
struct FleetBackend {
  BackendSpec spec;
  std::string by;  // the host that registered it; empty: an operator did
  // Once it has been down for so long, it may be taken out; 0: never.
  std::chrono::milliseconds forget_after{0};

  friend bool operator==(const FleetBackend&, const FleetBackend&) = default;
};

// An operator's word on a backend, for all hosts.
struct FleetOverride {
  OverrideKind kind = OverrideKind::drain;
  std::optional<WallTime> until{};  // by the wall clock, as all hosts have that; unset: no end
  std::string by;                   // who said it
  std::string why;                  // in their words; may be empty

  friend bool operator==(const FleetOverride&, const FleetOverride&) = default;
};

// What was done, by whom, when, for `hlbctl fleet log`.
struct FleetLogEntry {
  WallTime at{};
  std::string what;  // "drain app.internal/10.0.0.1 for 1h"
  std::string by;
  std::string why;

  friend bool operator==(const FleetLogEntry&, const FleetLogEntry&) = default;
};

// Why a value is refused, in one line, to follow the brief key and ": ".
template <typename T>
using Read = tl::expected<T, std::string>;

// Read the value of a key that is about `of`. The service is as one of hlbd.toml with backends =
// [{ fleet = its own name }]: its backends have keys of their own. What no fleet may say, as it
// names files or programs of the host, is refused before anything is done with it; so are names and
// addresses in a service's value that aren't the fleet's by `config`.
Read<ServiceSpec> read_service(const FleetConfig& config, const KeySubject& of,
                               std::string_view text);
Read<FleetBackend> read_backend(const KeySubject& of, std::string_view text);
Read<FleetOverride> read_override(std::string_view text);
Read<FleetLogEntry> read_log_entry(std::string_view text);

// Write what the functions above read.
std::string write_backend(const FleetBackend& backend);
std::string write_override(const FleetOverride& override);
std::string write_log_entry(const FleetLogEntry& entry);

// Whether the value is one that this host has written by registered().
bool is_registered_by(std::string_view text, std::string_view host);

// What a host writes of a backend that it registers; `by` is the host's name.
FleetBackend registered(const Registration& registration, std::string_view by);

}  // namespace hlb::fleet
