// Connects to a message bus, and says why it can't.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <memory>
#include <string>

#include "ctl/bus_failure.h"
#include "ctl/command.h"
#include "libnss_hlb/bus.h"
#include "operators/bus/versions.h"

namespace hlb::ctl {

// Connects within kAnswerLimit, after which no answer is waited for either. Throws a Failure.
std::unique_ptr<sdbus::IConnection> connect(Settings::Bus bus, const std::string& name);

// Asks the bus itself by a method of its own about hlbd's name, which starts no hlbd.
template <typename Answer>
Answer ask_for_owner(sdbus::IConnection& connection, const char* method) {
  Answer answer{};
  sdbus::createProxy(connection, bus::BusName{"org.freedesktop.DBus"},
                     bus::BusName{"/org/freedesktop/DBus"})
      ->callMethod(method)
      .onInterface("org.freedesktop.DBus")
      .withArguments(std::string(bus::kName))
      .storeResultsTo(answer);
  return answer;
}

BusError describe(const sdbus::Error& error, const std::string& bus);
// Whether hlbd is too old to know the method.
bool is_unknown(const sdbus::Error& error);

}  // namespace hlb::ctl
