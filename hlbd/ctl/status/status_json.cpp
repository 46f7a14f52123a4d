// The part of snapshot.h that writes JSON.
#include "ctl/json.h"
#include "ctl/status/snapshot.h"
#include "health/history.h"

namespace hlb::ctl {
namespace {

// How many seconds a pass took, or in a word what else came of the probe.
Json json_of(std::int32_t outcome) {
  if (outcome >= 0) return outcome / 1e6;
  return outcome == History::kFailed ? "failed" : "unknown";
}

Json json_of(const std::optional<std::uint32_t>& count) {
  return count ? Json(*count) : Json();
}

Json json_of(const OverrideReport& override) {
  if (override.kind.empty()) return {};
  return {{"kind", override.kind},
          {"reason", override.reason},
          {"user", user_name(override.set_by)},
          {"user_id", override.set_by},
          {"set", json_time(override.since)},
          {"until", json_time(override.until)}};
}

Json json_of(const BackendReport& backend) {
  Json outcomes = Json::array();
  for (const std::int32_t outcome : backend.outcomes)
    outcomes.push_back(json_of(outcome));
  return {
      {"address", backend.address},     {"port", backend.port == 0 ? Json() : Json(backend.port)},
      {"state", backend.state},         {"suspect", backend.suspect},
      {"held_back", backend.held_back}, {"since", json_time(backend.since)},
      {"reason", backend.reason},       {"override", json_of(backend.override)},
      {"weight", backend.weight},       {"weight_percent", backend.weight_percent},
      {"priority", backend.priority},   {"connections", json_of(backend.connections)},
      {"outcomes", std::move(outcomes)}};
}

Json json_of(const Listed& listed) {
  const ServiceReport& service = listed.service;
  Json backends = Json::array();
  for (const BackendReport& backend : listed.backends)
    backends.push_back(json_of(backend));
  return {{"name", service.name},
          {"state", service.state},
          {"since", json_time(service.since)},
          {"up", service.up},
          {"answered", service.answered},
          {"serving", json_text(service.serving)},
          {"backends", std::move(backends)}};
}

}  // namespace

std::string status_json(const Snapshot& snapshot, bool read) {
  const DaemonReport& hlbd = snapshot.hlbd;
  Json services = Json::array();
  for (const Listed& each : snapshot.services)
    services.push_back(json_of(each));
  const Json json = {{"hlbd",
                      {{"version", hlbd.version},
                       {"config", hlbd.config_file},
                       {"started", json_time(hlbd.started)},
                       {"degraded", hlbd.degraded}}},
                     {"services", std::move(services)}};
  return write(json, read);
}

}  // namespace hlb::ctl
