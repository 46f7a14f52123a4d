// What a reload would change. Pure.
#pragma once

#include <vector>

#include "health/service_list.h"
#include "operators/bus/directory.h"

namespace hlb {

// The services that are new, changed or gone.
std::vector<ServicePreview> preview_of(const ServiceChange& change);

}  // namespace hlb
