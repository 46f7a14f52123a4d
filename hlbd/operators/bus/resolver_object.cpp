#include "operators/bus/resolver_object.h"

#include <sys/socket.h>

#include <utility>

#include "libnss_hlb/bus.h"
#include "operators/bus/encoding.h"

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
  if (!answer) throw to_bus_error(answer.error());
  return {std::move(answer->name), std::move(answer->addresses)};
}

}  // namespace hlb::bus
