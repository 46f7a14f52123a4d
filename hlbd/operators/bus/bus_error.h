// A refusal as an error of D-Bus.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include "libnss_hlb/bus.h"
#include "operators/bus/versions.h"
#include "operators/refusal.h"

namespace hlb::bus {

inline const char* name_of(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::no_such_service:
      return kNoSuchService;
    case Refusal::Kind::no_healthy_backend:
      return kNoHealthyBackend;
    case Refusal::Kind::no_such_backend:
      return kNoSuchBackend;
    case Refusal::Kind::invalid_config:
      return kInvalidConfig;
    case Refusal::Kind::not_kept:
      return "org.freedesktop.DBus.Error.IOError";
    case Refusal::Kind::access_denied:
      return "org.freedesktop.DBus.Error.AccessDenied";
    case Refusal::Kind::invalid_arguments:
      break;
  }
  return "org.freedesktop.DBus.Error.InvalidArgs";
}

inline sdbus::Error to_bus_error(const Refusal& refusal) {
  return {BusName{name_of(refusal.kind)}, refusal.message};
}

}  // namespace hlb::bus
