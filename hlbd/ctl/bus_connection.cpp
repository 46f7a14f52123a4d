#include "ctl/bus_connection.h"

#include <utility>

#include "ctl/within.h"

namespace hlb::ctl {
namespace {

std::unique_ptr<sdbus::IConnection> open(Settings::Bus bus) {
  return bus == Settings::Bus::system ? sdbus::createSystemBusConnection()
                                      : sdbus::createSessionBusConnection();
}

}  // namespace

BusError describe(const sdbus::Error& error, const std::string& bus) {
  return {error.getName(), error.getMessage(), bus};
}

bool is_unknown(const sdbus::Error& error) {
  return error.getName() == "org.freedesktop.DBus.Error.UnknownMethod";
}

// sdbus-c++ can only connect by blocking, for 90 s where a bus takes connections but doesn't
// answer.
std::unique_ptr<sdbus::IConnection> connect(Settings::Bus bus, const std::string& name) {
  try {
    auto connection = within(kAnswerLimit, [bus] { return open(bus); });
    if (!connection) throw silent_bus(name);
    (*connection)->setMethodCallTimeout(kAnswerLimit);
    return std::move(*connection);
  } catch (const sdbus::Error& error) {
    throw no_bus(describe(error, name));
  }
}

}  // namespace hlb::ctl
