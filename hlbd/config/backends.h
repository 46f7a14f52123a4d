// The backends of a service: strings, or tables with more to say.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/document.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

struct PlacedBackend {
  BackendSpec spec;
  Position at;
};

struct PlacedName {
  NamedBackends spec;
  Position at;
};

// A service of the fleet's whose backends are meant.
struct PlacedFleetName {
  std::string name;
  Position at;
};

struct Backends {
  std::vector<PlacedBackend> addresses;
  std::vector<PlacedName> names;
  std::vector<PlacedFleetName> of_fleet;
};

// Notes faults, two equal backends among them, and returns the backends without a fault.
Backends read_backends(const Value& backends, Faults& faults);

// The address, if a backend can have it; else why it can't, to follow the quoted text.
tl::expected<Address, std::string> parse_address(std::string_view text);

}  // namespace hlb::config
