// The backends of a service: strings, or tables with more to say.
#pragma once

#include <vector>

#include "config/document.h"
#include "config/reader.h"
#include "health/service.h"

namespace hlb::config {

struct PlacedBackend {
  BackendSpec spec;
  Position at;
};

// Notes faults, double addresses among them; only backends without a fault are returned.
std::vector<PlacedBackend> read_backends(const Value& backends, Faults& faults);

}  // namespace hlb::config
