// The objects of all services and backends, so that bus browsers show them.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operators/bus/backend_object.h"
#include "operators/bus/loop_side.h"
#include "operators/bus/service_object.h"

namespace hlb::bus {

// An object takes sdbus-c++ about 20 µs and 4.5 KB: so objects are made and dropped a few at a
// time, and not at all where there would be very many. Used by the bus's thread alone. The
// connection and the loop's side must outlive it.
class ObjectTree {
 public:
  // GetManagedObjects puts all objects into one message, of 600 to 1,000 bytes each; and a client
  // that sends more than 32 MB is put off the bus.
  static constexpr std::size_t kMost = 30'000;

  ObjectTree(sdbus::IConnection& connection, LoopSide& loop);

  // Finds out anew what is to be done, as services or backends may have come or gone.
  void outdated();

  // Makes and drops some of the objects. Returns false when nothing is left to do.
  bool step();

  // Has InterfacesAdded and InterfacesRemoved sent from now on; until then nobody looks.
  void announce_from_now_on() { announced_ = true; }

  // Sends PropertiesChanged for an object that is there. An empty address: the service's own.
  void changed(const std::string& service, const std::string& address);

 private:
  using Key = std::pair<std::string, std::string>;  // service and address

  std::vector<Key> wanted() const;
  void make(const Key& key);
  void drop(const Key& key);

  sdbus::IConnection& connection_;
  LoopSide& loop_;
  std::map<Key, std::unique_ptr<ServiceObject>> services_;  // with an empty address
  std::map<Key, std::unique_ptr<BackendObject>> backends_;
  std::vector<Key> to_make_;
  std::vector<Key> to_drop_;
  bool announced_ = false;
};

}  // namespace hlb::bus
