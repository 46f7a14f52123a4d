// org.hlb1.Service, one object for each service. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <string>
#include <vector>

#include "operators/bus/loop_side.h"

namespace hlb::bus {

// Used by the bus's thread alone. The connection and the loop's side must outlive it.
class ServiceObject final
    : public sdbus::AdaptorInterfaces<org::hlb1::Service_adaptor, sdbus::ManagedObject_adaptor> {
 public:
  ServiceObject(sdbus::IConnection& connection, LoopSide& loop, std::string name);
  ~ServiceObject();
  ServiceObject(const ServiceObject&) = delete;
  ServiceObject& operator=(const ServiceObject&) = delete;

  void changed();

 private:
  // Facts that are true of it now; empty if it has gone.
  const ServiceFacts& facts() const;

  std::string Name() override { return name_; }
  std::vector<std::string> Aliases() override { return facts().settings.aliases; }
  std::string Answer() override { return facts().settings.answer; }
  std::vector<std::string> Checks() override { return facts().settings.checks; }
  std::string State() override { return facts().report.state; }
  std::uint64_t Since() override;
  std::string Serving() override { return facts().report.serving; }

  LoopSide& loop_;
  std::string name_;
};

}  // namespace hlb::bus
