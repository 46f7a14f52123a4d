// The way that a check's probes take, where it isn't the one that programs of this host take.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "health/address.h"

namespace hlb {

struct Way {
  std::optional<Address> source;  // from this address of this host, to backends of its family
  std::string interface;          // through this one, or this VRF; empty: as routes say
  std::string netns;              // in this network namespace, by its path; empty: in hlbd's own

  friend auto operator<=>(const Way&, const Way&) = default;
};

}  // namespace hlb
