// The answer to Resolve on the message bus: what a program on this host would get for a name.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "libnss_hlb/table.h"
#include "operators/bus/directory.h"

namespace hlb {

// `family` is AF_UNSPEC, AF_INET or AF_INET6. Chooses anew at each call, as the module does.
tl::expected<bus::Resolved, Refusal> resolve(const table::View& table, std::string_view name,
                                             int family);

}  // namespace hlb
