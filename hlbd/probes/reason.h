// Why a probe ended as it did, in plain words.
#pragma once

#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

inline constexpr std::size_t kMaxReason = 120;

// What came from outside, fit for a log line: control and non-ASCII bytes and backslashes are
// escaped as in C, and what doesn't fit `limit` characters is cut off, never within an escape.
std::string printable(std::string_view untrusted, std::size_t limit);

// "2s", "1500ms".
std::string in_words(std::chrono::milliseconds duration);

// The outcome of a connection that broke with `error`.
Outcome network_failure(const boost::system::error_code& error);

// The outcome of one that this host itself refused to begin: connect() or sendto() gave `error` at
// once, and nothing has been sent.
Outcome local_failure(const boost::system::error_code& error);

}  // namespace hlb::probes
