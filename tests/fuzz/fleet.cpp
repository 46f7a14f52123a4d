// Any bytes as keys and values of the fleet's catalog: nothing that no fleet may say, and step by
// step the same as at once.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/fleet.h"
#include "fleet/catalog.h"
#include "fleet/merge.h"

namespace {

using namespace hlb;
using namespace hlb::fleet;

void demand(bool held) {
  if (!held) std::abort();
}

const FleetConfig& host() {
  static const FleetConfig config{.etcd = {"http://127.0.0.1:2379"},
                                  .names = {"*.internal", "app.test"},
                                  .allow = {{Address::parse("10.0.0.0").value(), 8}},
                                  .ca = {},
                                  .certificate = {},
                                  .key = {}};
  return config;
}

// Parts after zero bytes: a key with its value on the lines after it; without any it is gone.
std::vector<Change> changes_of(std::string_view bytes) {
  std::vector<Change> changes;
  while (!bytes.empty() && changes.size() < 32) {
    const std::string_view part = bytes.substr(0, bytes.find('\0'));
    bytes.remove_prefix(std::min(bytes.size(), part.size() + 1));
    const std::size_t line = part.find('\n');
    Change& change = changes.emplace_back();
    change.key = "/hlb/1/c/" + std::string(part.substr(0, line));
    if (line != std::string_view::npos) change.value = part.substr(line + 1);
  }
  return changes;
}

void check_tls(const TlsSpec& tls) {
  demand(tls.ca.empty() && tls.certificate.empty() && tls.key.empty());
}

void check_check(const CheckSpec& check, const ServiceSpec& service) {
  demand(!std::holds_alternative<ExecCheck>(check.method));
  demand(!std::holds_alternative<FileCheck>(check.method));
  demand(!std::holds_alternative<AgentCheck>(check.method));
  demand(check.way.netns.empty());
  demand(!check.address || config::may_give(host(), *check.address));
  if (const auto* tls = std::get_if<TlsCheck>(&check.method)) check_tls(tls->tls);
  const auto* http = std::get_if<HttpCheck>(&check.method);
  if (http != nullptr && http->tls) check_tls(*http->tls);
  const auto* grpc = std::get_if<GrpcCheck>(&check.method);
  if (grpc != nullptr && grpc->tls) check_tls(*grpc->tls);
  for (const BackendSpec& backend : service.backends)
    demand(!needs_port(check.method) || check_port(check, backend) != 0);
}

void check_service(const ServiceSpec& service) {
  demand(config::may_define(host(), service.name));
  for (const std::string& alias : service.aliases)
    demand(config::may_define(host(), alias));
  demand(!service.on_change && service.named.empty() && !service.checks.empty());
  for (const BackendSpec& backend : service.backends)
    demand(config::may_give(host(), backend.address));
  for (const CheckSpec& check : service.checks)
    check_check(check, service);
}

void check_refused(const std::vector<RefusedKey>& keys) {
  for (const RefusedKey& key : keys)
    demand(!key.key.empty() && key.to_string().find('\n') == std::string::npos);
}

void check_written(const Catalog& catalog) {
  for (const std::string_view name : catalog.services()) {
    for (const BackendSpec& spec : catalog.backends(name)) {
      const FleetBackend& backend = *catalog.backend(name, spec.address);
      const KeySubject of{KeySubject::Kind::backend, std::string(name), spec.address};
      demand(read_backend(of, write_backend(backend)) == backend);
    }
  }
  for (const auto& [service, address] : catalog.overrides()) {
    const FleetOverride& override = *catalog.override(service, address);
    demand(read_override(write_override(override)) == override);
  }
}

ServiceSpec own_service() {
  ServiceSpec service;
  service.name = "own.internal";
  service.aliases = {"www.internal"};
  service.fleet = {"app.internal", "own.internal"};
  service.checks = {{.method = TcpCheck{}, .port = 80}};
  return service;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto changes = changes_of({reinterpret_cast<const char*>(data), size});
  Catalog catalog(host());
  Merge merge;
  merge.set_local({own_service()});
  Services in_force = list_of({});
  for (const Change& change : changes) {
    check_refused(catalog.take({&change, 1}));
    in_force = merge.merge(catalog, in_force).services.now;
  }
  check_refused(catalog.refused());
  check_written(catalog);
  for (const ServiceSpec& service : in_force->all())
    check_service(service);

  Catalog other(host());
  other.take(changes);
  Merge at_once;
  at_once.set_local({own_service()});
  demand(other.refused() == catalog.refused());
  if (changes.empty()) return 0;
  demand(
      std::ranges::equal(at_once.merge(other, list_of({})).services.now->all(), in_force->all()));
  return 0;
}
