#include "operators/bus/resolver_object.h"

#include <sys/socket.h>

#include <utility>
#include <variant>

#include "libnss_hlb/bus.h"
#include "operators/bus/bus_error.h"
#include "operators/bus/versions.h"

namespace hlb::bus {

ResolverObject::ResolverObject(sdbus::IConnection& connection, const LoopSide& loop)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(kPath)), loop_(loop) {
  registerAdaptor();
}

ResolverObject::~ResolverObject() {
  unregisterAdaptor();
}

ResolverObject::Reply ResolverObject::Resolve(const std::string& name, const std::int32_t& family) {
  if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) {
    throw to_bus_error({Refusal::Kind::invalid_arguments,
                        "The family " + std::to_string(family) +
                            " is not known: give 0 (both), 2 (IPv4) or 10 (IPv6)."});
  }
  auto answer = loop_.resolve(name, family);
  if (const auto* refusal = std::get_if<Refusal>(&answer)) throw to_bus_error(*refusal);
  auto& resolved = std::get<Resolved>(answer);
  return {std::move(resolved.name), std::move(resolved.addresses)};
}

}  // namespace hlb::bus
