// The part of snapshot.h that writes JSON.
#include <utility>

#include "ctl/json.h"
#include "ctl/status/snapshot.h"
#include "operators/status_json.h"

namespace hlb::ctl {
namespace {

Json json_of(const Listed& listed) {
  Json json = hlb::json_of(listed.service);
  Json& backends = json["backends"] = Json::array();
  for (const BackendReport& backend : listed.backends)
    backends.push_back(hlb::json_of(backend, user_name));
  return json;
}

}  // namespace

std::string status_json(const Snapshot& snapshot, bool read) {
  const DaemonReport& hlbd = snapshot.hlbd;
  Json services = Json::array();
  for (const Listed& each : snapshot.services)
    services.push_back(json_of(each));
  const Json json = {
      {"hlbd", json_of_daemon(hlbd.version, hlbd.config_file, hlbd.started, hlbd.degraded)},
      {"services", std::move(services)}};
  return write(json, read);
}

}  // namespace hlb::ctl
