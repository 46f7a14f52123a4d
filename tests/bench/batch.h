// One batch of lookups of a case, timed as a whole.
#pragma once

#include <functional>

#include "tests/bench/plan.h"

namespace hlb::bench {

// Makes the lookups of one batch, and returns the nanoseconds that one of them took: wall time by
// count, so that with several threads it shrinks as they help each other. Throws std::runtime_error
// when a lookup doesn't give what its case is about.
using Batch = std::function<double()>;

// Prepares the case in this process: it sets the C library's hosts line and the environment, so
// one process serves one case alone. `core` is where single-threaded cases run.
Batch prepare(const Case& measured, unsigned core);

}  // namespace hlb::bench
