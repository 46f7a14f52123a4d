// The checks that there are, so that services which check the same share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/check.h"
#include "probes/target.h"

namespace hlb {

// Keeps no check alive.
class SharedChecks {
 public:
  // The one that checks the same, whoever uses it; empty if there is none.
  std::shared_ptr<Check> find(const probes::Target& target) const;
  // Those of this address and port, whatever its scope.
  std::vector<std::shared_ptr<Check>> at(const Address& address, std::uint16_t port) const;
  void add(const std::shared_ptr<Check>& check);

  // Gives back the room of those that have gone, once they may be half of all.
  void drop_gone();

 private:
  std::unordered_multimap<std::size_t, std::weak_ptr<Check>> checks_;  // by a hash of the target
  std::size_t alive_ = 0;  // when their room was last given back
};

}  // namespace hlb
