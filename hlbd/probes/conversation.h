// What is said to a backend, and what it has to answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "probes/stream.h"

namespace hlb::probes {

// Takes one step after the other, over a stream that is connected. What is expected is looked for
// in what has come since the last step that sent something, after what the step before found, in up
// to 16 KiB. Passes after the last step. All must outlive it.
boost::asio::awaitable<Outcome> hold_conversation(Stream& stream, std::span<const Step> steps);

}  // namespace hlb::probes
