// Why a probe ended as it did, in plain words.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <string>

#include "health/outcome.h"
#include "text/printable.h"

namespace hlb::probes {

using text::printable;

inline constexpr std::size_t kMaxReason = 120;

// The outcome of a connection that broke with `error`.
Outcome network_failure(const boost::system::error_code& error);

// The outcome of one that this host itself refused to begin: connect() or sendto() gave `error` at
// once, and nothing has been sent.
Outcome local_failure(const boost::system::error_code& error);

}  // namespace hlb::probes
