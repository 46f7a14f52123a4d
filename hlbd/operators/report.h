// Reports on services and backends, for operators, whichever way they ask: plain data, valid for
// the moment in which it was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "system/moment.h"

namespace hlb {

struct OverrideReport {
  std::string kind;  // drain, maintenance, up, down; empty: none
  std::string reason;
  std::uint32_t set_by = 0;  // a user ID of this host
  // Set for all hosts of a fleet: by whom, in place of `set_by`.
  std::optional<std::string> of_fleet{};
  WallTime since{};
  WallTime until{};  // 0: until cleared
};

// What an override of a backend, or its end, would change.
struct OverridePreview {
  std::string service;
  std::string address;
  std::string before;           // the kind in force; empty: none
  std::string now;              // the kind that it would be
  std::uint32_t answered = 0;   // of the service's backends, now
  std::uint32_t remaining = 0;  // how many would be answered if all that is asked for were done
};

// What a reload would change of a service.
struct ServicePreview {
  std::string service;
  std::string change;  // new, changed, gone
  std::string what;    // "backends +10.0.0.3 -10.0.0.1; checks"
};

struct CheckReport {
  std::string description;  // "http 10.0.0.1:8082"
  std::string state;
  std::string reason;                  // of the latest outcome
  std::uint32_t against = 0;           // outcomes in a row that speak against the state
  std::vector<std::int32_t> outcomes;  // as in BackendReport
};

struct BackendReport {
  std::string service;
  std::string address;
  std::uint16_t port = 0;  // where it is checked; 0: at none, or at several
  std::string state;       // as its checks found it: up, down, unknown
  bool suspect = false;    // up, but left out of answers by its first failure
  WallTime since{};
  std::string reason;  // what its checks found last: the one that failed, or else the first
  OverrideReport override;
  std::uint32_t weight = 1;  // as configured
  // Share of the weight that it gets now; 0: lookups are not answered with it.
  std::uint32_t weight_percent = 100;
  std::uint16_t priority = 0;
  bool held_back = false;  // up, but a worse priority goes on serving
  // Outcomes of its first check, see History::latest().
  std::vector<std::int32_t> outcomes;
  // This host's connections to it; unset where they aren't counted.
  std::optional<std::uint32_t> connections{};
};

// This host's connections to a backend.
struct ConnectionReport {
  std::string service;
  std::string address;
  std::uint32_t connections = 0;
};

struct ServiceReport {
  std::string name;
  std::string state;  // see ServiceState
  std::uint32_t backends = 0;
  std::uint32_t up = 0;
  std::uint32_t answered = 0;  // backends that lookups may get now
  WallTime since{};
  // "priority 0", "priorities 0 to 2", "all backends"; empty without min_healthy, panic or failback
  std::string serving{};
};

// A service as configured.
struct ServiceSettings {
  std::vector<std::string> aliases;
  std::string answer;               // spread, one, all
  std::vector<std::string> checks;  // "http, port 8082, every 2s"
};

// Another name of a service.
struct AliasReport {
  std::string alias;
  std::string service;
};

// Figures of hlbd as a whole.
struct Overview {
  std::uint32_t services = 0;
  std::uint32_t services_down = 0;
  std::uint32_t backends = 0;
  std::uint32_t backends_up = 0;
};

// How this host stands in its fleet.
struct FleetReport {
  struct Refused {
    std::string key;  // without the prefix: "c/s/app.internal"
    std::string reason;
  };

  std::string state;     // starting, fresh, frozen; empty: this host stands alone
  std::string fault;     // why it isn't fresh
  std::string endpoint;  // of the engine, asked last
  WallTime since{};
  WallTime last_sign{};  // of life; 0: none ever
  std::uint64_t cluster = 0;
  std::uint64_t revision = 0;  // 0: nothing was read ever
  std::uint64_t keys = 0;
  std::uint64_t held = 0;  // back, until the engine's loss is accepted
  WallTime held_since{};
  std::vector<Refused> refused;
};

struct Event {
  enum class What : std::uint8_t { state, override, serving };

  WallTime at{};
  std::string service;
  std::string address;  // empty: the service itself
  What what = What::state;
  std::string before;
  std::string now;
  std::string reason;
  std::optional<std::uint32_t> user{};  // the ID of whoever did it; unset where nobody did
};

// Whether both tell the same, whoever did it.
inline bool is_same(const Event& a, const Event& b) {
  const auto all = [](const Event& e) {
    return std::tie(e.at, e.service, e.address, e.what, e.before, e.now, e.reason);
  };
  return all(a) == all(b);
}

constexpr std::string_view name_of(Event::What what) {
  if (what == Event::What::serving) return "serving";
  return what == Event::What::override ? "override" : "state";
}

constexpr Event::What what_named(std::string_view name) {
  if (name == name_of(Event::What::serving)) return Event::What::serving;
  return name == name_of(Event::What::override) ? Event::What::override : Event::What::state;
}

}  // namespace hlb
