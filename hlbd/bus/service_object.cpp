#include "bus/service_object.h"

#include <utility>

#include "bus/object_path.h"
#include "bus/timestamp.h"
#include "bus/versions.h"
#include "libnss_hlb/bus.h"

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
  getObject().emitPropertiesChangedSignal(kServiceInterface, Names{{"State", "Since", "Serving"}});
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
