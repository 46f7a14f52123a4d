#include "operators/bus/service_object.h"

#include <utility>

#include "libnss_hlb/bus.h"
#include "operators/bus/encoding.h"
#include "operators/bus/object_path.h"
#include "operators/bus/versions.h"

namespace hlb::bus {

ServiceObject::ServiceObject(sdbus::IConnection& connection, LoopSide& loop, std::string name)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(service_path(name))),
      loop_(loop),
      name_(std::move(name)) {
  registerAdaptor();
}

ServiceObject::~ServiceObject() {
  unregisterAdaptor();
}

void ServiceObject::changed() {
  getObject().emitPropertiesChangedSignal(kServiceInterface,
                                          BusNames{{"State", "Since", "Serving"}});
}

const ServiceFacts& ServiceObject::facts() const {
  static const ServiceFacts gone;
  const ServiceFacts* found = loop_.service(name_);
  return found == nullptr ? gone : *found;
}

std::uint64_t ServiceObject::Since() {
  return timestamp(facts().report.since);
}

}  // namespace hlb::bus
