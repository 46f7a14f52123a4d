// Draws the latest outcomes of a check as a row of bars.
#pragma once

#include <cstdint>
#include <span>

#include "ctl/terminal/text.h"

namespace hlb::ctl {

// The last `most` of `outcomes` (see History::latest()), a character for each, oldest first: a bar
// for a pass, "x" for a failure, "?" for one that says nothing. The fastest of them has the lowest
// bar, and each step up takes twice as long, so that the network's own jitter stays flat. Where
// there is no Unicode the bars are digits from 1 to 8.
Styled sparkline(std::span<const std::int32_t> outcomes, std::size_t most, bool utf8);

}  // namespace hlb::ctl
