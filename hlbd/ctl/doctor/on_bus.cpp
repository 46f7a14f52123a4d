// The part of daemon.h that asks the bus.
#include <fmt/format.h>
#include <sdbus-c++/sdbus-c++.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ctl/bus_connection.h"
#include "ctl/doctor/aside.h"
#include "ctl/doctor/daemon.h"
#include "ctl/doctor/process.h"
#include "libnss_hlb/bus.h"
#include "operators/bus/versions.h"

namespace hlb::ctl::doctor {
namespace {

// Told before each step, so that what is told last says how far it came.
constexpr char kAbsent = 'a';
constexpr char kSilent = 's';
constexpr char kPresent = 'p';
constexpr char kNoBus = 't';

std::unique_ptr<sdbus::IProxy> proxy(sdbus::IConnection& connection, const char* name,
                                     const char* path) {
  return sdbus::createProxy(connection, bus::BusName{name}, bus::BusName{path});
}

// A property of hlbd; one that has no such property is there all the same.
template <typename Value>
Value property_of(sdbus::IProxy& hlbd, const char* name) {
  try {
    return hlbd.getProperty(name).onInterface("org.hlb1.Manager").template get<Value>();
  } catch (const sdbus::Error&) {
    return {};
  }
}

// Each ends with a zero byte: the version, the file, the process, and the troubles.
std::string all_about(sdbus::IConnection& connection) {
  const auto hlbd = proxy(connection, bus::kName, bus::kPath);
  std::vector<std::string> parts = {property_of<std::string>(*hlbd, "Version"),
                                    property_of<std::string>(*hlbd, "ConfigFile")};
  parts.push_back(
      std::to_string(ask_for_owner<std::uint32_t>(connection, "GetConnectionUnixProcessID")));
  for (std::string& trouble : property_of<std::vector<std::string>>(*hlbd, "Degraded"))
    parts.push_back(std::move(trouble));
  std::string told;
  for (const std::string& part : parts)
    told += part + '\0';
  return told;
}

// The other way round, of what has come: hlbd may have ended in the middle.
OnBus from_parts(std::vector<std::string> parts) {
  constexpr std::size_t kBeforeTroubles = 3;
  parts.resize(std::max(parts.size(), kBeforeTroubles));
  OnBus found{.presence = OnBus::Presence::present,
              .trouble = "",
              .version = parts[0],
              .config_file = parts[1]};
  std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), found.pid);
  found.troubles.assign(parts.begin() + kBeforeTroubles, parts.end());
  return found;
}

void converse(Settings::Bus bus, const Tell& tell) {
  const auto connection = bus == Settings::Bus::system ? sdbus::createSystemBusConnection()
                                                       : sdbus::createSessionBusConnection();
  if (!ask_for_owner<bool>(*connection, "NameHasOwner")) return tell(std::string(1, kAbsent));
  tell(std::string(1, kSilent));
  tell(kPresent + all_about(*connection));
}

}  // namespace

OnBus ask_bus(Settings::Bus bus) {
  const Aside aside = run_aside([bus](const Tell& tell) {
    try {
      converse(bus, tell);
    } catch (const sdbus::Error& error) {
      tell(kNoBus + error.getMessage());
    }
  });
  const std::string& told = aside.told;
  if (told.empty()) return {OnBus::Presence::no_bus, "no answer within 2 s", ""};
  if (told[0] == kAbsent) return {OnBus::Presence::absent, "", ""};
  if (told[0] == kNoBus) return {OnBus::Presence::no_bus, told.substr(1), ""};
  const std::size_t present = told.find(kPresent);
  if (present == std::string::npos) return {OnBus::Presence::silent, "", ""};
  return from_parts(split_at_zeroes(told.substr(present + 1)));
}

}  // namespace hlb::ctl::doctor
