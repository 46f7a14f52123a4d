// org.hlb1.Service, one object for each service. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bus/directory.h"

namespace hlb::bus {

class ServiceObject final
    : public sdbus::AdaptorInterfaces<org::hlb1::Service_adaptor, sdbus::ManagedObject_adaptor> {
 public:
  ServiceObject(sdbus::IConnection& connection, const Directory& directory, std::string name);
  ~ServiceObject();
  ServiceObject(const ServiceObject&) = delete;
  ServiceObject& operator=(const ServiceObject&) = delete;

  void changed();

 private:
  ServiceReport report() const { return directory_.service(name_).value_or(ServiceReport()); }
  ServiceSettings settings() const {
    return directory_.settings(name_).value_or(ServiceSettings());
  }

  std::string Name() override { return name_; }
  std::vector<std::string> Aliases() override { return settings().aliases; }
  std::string Answer() override { return settings().answer; }
  std::vector<std::string> Checks() override { return settings().checks; }
  std::string State() override { return report().state; }
  std::uint64_t Since() override;

  const Directory& directory_;
  std::string name_;
};

}  // namespace hlb::bus
