#include "operators/status_json.h"

#include <chrono>
#include <utility>

#include "health/history.h"

namespace hlb {
namespace {

// How many seconds a pass took, or in a word what else came of the probe.
Json json_of_outcome(std::int32_t outcome) {
  if (outcome >= 0) return outcome / 1e6;
  return outcome == History::kFailed ? "failed" : "unknown";
}

Json json_of_override(const OverrideReport& override, const NameOfUser& name_of_user) {
  if (override.kind.empty()) return {};
  return {{"kind", override.kind},
          {"reason", override.reason},
          {"fleet", override.of_fleet.has_value()},
          {"user", override.of_fleet ? *override.of_fleet : name_of_user(override.set_by)},
          {"user_id", override.of_fleet ? Json() : Json(override.set_by)},
          {"set", json_time(override.since)},
          {"until", json_time(override.until)}};
}

}  // namespace

Json json_time(WallTime at) {
  if (at == WallTime{}) return {};
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

Json json_text(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json json_of(const BackendReport& backend, const NameOfUser& name_of_user) {
  Json outcomes = Json::array();
  for (const std::int32_t outcome : backend.outcomes)
    outcomes.push_back(json_of_outcome(outcome));
  return {{"address", backend.address},
          {"port", backend.port == 0 ? Json() : Json(backend.port)},
          {"state", backend.state},
          {"suspect", backend.suspect},
          {"held_back", backend.held_back},
          {"since", json_time(backend.since)},
          {"reason", backend.reason},
          {"override", json_of_override(backend.override, name_of_user)},
          {"weight", backend.weight},
          {"weight_percent", backend.weight_percent},
          {"priority", backend.priority},
          {"connections", backend.connections ? Json(*backend.connections) : Json()},
          {"outcomes", std::move(outcomes)}};
}

Json json_of(const ServiceReport& service) {
  return {{"name", service.name},
          {"state", service.state},
          {"since", json_time(service.since)},
          {"up", service.up},
          {"answered", service.answered},
          {"serving", json_text(service.serving)}};
}

Json json_of_daemon(const std::string& version, const std::string& config_file, WallTime started,
                    const std::vector<std::string>& degraded) {
  return {{"version", version},
          {"config", config_file},
          {"started", json_time(started)},
          {"degraded", degraded}};
}

std::string text_of(const Json& json, bool read) {
  return json.dump(read ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hlb
