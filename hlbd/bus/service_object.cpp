#include "bus/service_object.h"

#include <utility>

#include "bus/object_path.h"
#include "bus/timestamp.h"
#include "bus/versions.h"
#include "libnss_hlb/bus.h"

namespace hlb::bus {

ServiceObject::ServiceObject(sdbus::IConnection& connection, const Directory& directory,
                             std::string name)
    : AdaptorInterfaces(connection, sdbus::ObjectPath(service_path(name))),
      directory_(directory),
      name_(std::move(name)) {
  registerAdaptor();
}

ServiceObject::~ServiceObject() {
  unregisterAdaptor();
}

void ServiceObject::changed() {
  getObject().emitPropertiesChangedSignal(kServiceInterface, Names{{"State", "Since"}});
}

std::uint64_t ServiceObject::Since() {
  return timestamp(report().since);
}

}  // namespace hlb::bus
