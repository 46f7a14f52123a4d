// The part of daemon.h that asks the bus.
#include <fmt/format.h>
#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <memory>

#include "ctl/doctor/aside.h"
#include "ctl/doctor/daemon.h"
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

bool has_owner(sdbus::IConnection& connection) {
  bool owned = false;
  proxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus")
      ->callMethod("NameHasOwner")
      .onInterface("org.freedesktop.DBus")
      .withArguments(std::string(bus::kName))
      .storeResultsTo(owned);
  return owned;
}

void converse(Settings::Bus bus, const Tell& tell) {
  const auto connection = bus == Settings::Bus::system ? sdbus::createSystemBusConnection()
                                                       : sdbus::createSessionBusConnection();
  if (!has_owner(*connection)) return tell(std::string(1, kAbsent));
  tell(std::string(1, kSilent));
  const auto hlbd = proxy(*connection, bus::kName, bus::kPath);
  std::string version;
  try {
    version = hlbd->getProperty("Version").onInterface("org.hlb1.Manager").get<std::string>();
  } catch (const sdbus::Error&) {  // one that has no such property is there all the same
  }
  tell(std::string(1, kPresent) + version);
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
  using Presence = OnBus::Presence;
  const std::string& told = aside.told;
  if (told.empty()) return {Presence::no_bus, "no answer within 2 s", ""};
  if (told[0] == kAbsent) return {Presence::absent, "", ""};
  if (told[0] == kNoBus) return {Presence::no_bus, told.substr(1), ""};
  const std::size_t present = told.find(kPresent);
  if (present == std::string::npos) return {Presence::silent, "", ""};
  return {Presence::present, "", told.substr(present + 1)};
}

}  // namespace hlb::ctl::doctor
