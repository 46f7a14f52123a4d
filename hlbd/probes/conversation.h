// The steps of a conversation: what is said to a backend, and what it has to answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "probes/stream.h"

namespace hlb::probes {

// Takes one step after the other, over a stream that is connected. Looks for what is expected in up
// to 16 KiB that have come since the last step that sent something, after what the step before
// found. Passes after the last step. All arguments must outlive it.
boost::asio::awaitable<Outcome> hold_conversation(Stream& stream, std::span<const Step> steps);

}  // namespace hlb::probes
