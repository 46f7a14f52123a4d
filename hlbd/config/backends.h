// The backends of a service: strings, or tables with more to say.
#pragma once

#include <string>
#include <string_view>
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

struct Backends {
  std::vector<PlacedBackend> addresses;
  std::vector<PlacedName> names;
};

// Notes faults, double backends among them; only backends without a fault are returned.
Backends read_backends(const Value& backends, Faults& faults);

// Why `text` is no address, to stand behind it in quotes.
std::string parse_fault(std::string_view text);

// Why an address can't be a backend's, to stand behind the quoted address; empty when it can.
std::string address_fault(const Address& address);

}  // namespace hlb::config
