// Indexes all checks, so that services which check the same share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/check.h"
#include "probes/target.h"

namespace hlb {

// Keeps no check alive.
class SharedChecks {
 public:
  // The check of an equal target, whoever uses it; nullptr if there is none.
  std::shared_ptr<Check> find(const probes::Target& target) const;
  // All checks of this address and port, whatever the address's scope.
  std::vector<std::shared_ptr<Check>> at(const Address& address, std::uint16_t port) const;
  // Adds a check until it is destroyed, which must be before this is.
  std::shared_ptr<Check> add(std::unique_ptr<Check> check);
  std::size_t added() const { return added_; }  // since ever

 private:
  // Hashes. Very many services may be at one place, such as an ingress, and each ask for its own
  // name there: so what is asked counts as well.
  struct Key {
    std::uint64_t place;
    std::uint64_t asked;

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  static Key key_of(const probes::Target& target);

  std::multimap<Key, std::weak_ptr<Check>> checks_;
  std::size_t added_ = 0;
};

}  // namespace hlb
