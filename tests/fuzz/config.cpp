// Any bytes as hlbd.toml and as a file of services.d: an answer, or faults that name a place.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "config/draft.h"
#include "config/fleet.h"

namespace {

void check_faults(const hlb::ConfigErrors& errors) {
  if (errors.empty()) std::abort();
  for (const hlb::ConfigError& error : errors) {
    if (error.message.empty() || error.message.find('\n') != std::string::npos) std::abort();
  }
}

void check_ports(const hlb::CheckSpec& check, const hlb::ServiceSpec& service) {
  if (!hlb::needs_port(check.method)) return;
  for (const hlb::BackendSpec& backend : service.backends) {
    if (hlb::check_port(check, backend) == 0) std::abort();
  }
  for (const hlb::NamedBackends& named : service.named) {
    if (!named.srv && hlb::check_port(check, {.port = named.port}) == 0) std::abort();
  }
}

void check_services(const hlb::Config& config) {
  if (config.services.empty() && !config.fleet) std::abort();
  for (const hlb::ServiceSpec& service : config.services) {
    if (service.backends.empty() && service.named.empty() && service.fleet.empty()) std::abort();
    if (!service.fleet.empty() && !config.fleet) std::abort();
    if (service.name.empty() || service.checks.empty()) std::abort();
    for (const hlb::CheckSpec& check : service.checks)
      check_ports(check, service);
  }
}

void check_fleet(const hlb::Config& config) {
  if (!config.registrations.empty() && !config.fleet) std::abort();
  if (!config.fleet) return;
  const hlb::FleetConfig& fleet = *config.fleet;
  if (fleet.etcd.empty() || fleet.names.empty() || fleet.allow.empty()) std::abort();
  for (const hlb::Registration& each : config.registrations) {
    if (!hlb::config::may_define(fleet, each.service)) std::abort();
    if (!hlb::config::may_give(fleet, each.address)) std::abort();
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A zero byte parts the main file from one of services.d.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t parting = bytes.find('\0');
  hlb::config::Draft draft;
  draft.add_text("hlbd.toml", bytes.substr(0, parting), hlb::config::FileRole::main);
  if (parting != std::string_view::npos) {
    draft.add_text("services.d/a.toml", bytes.substr(parting + 1), hlb::config::FileRole::services);
  }
  const auto result = draft.finish("hlbd.toml");
  if (result) {
    check_services(*result);
    check_fleet(*result);
  } else {
    check_faults(result.error());
  }
  return 0;
}
