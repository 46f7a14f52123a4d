#include "health/outcome.h"

namespace hlb {

using std::chrono::milliseconds;

Outcome within(Outcome outcome, milliseconds most) {
  const bool limited = most != milliseconds{0} && outcome.result == Outcome::Result::passed;
  const auto own = outcome.latency - outcome.lag;
  if (!limited || own <= most) return outcome;
  const auto took = std::chrono::ceil<milliseconds>(own);
  Outcome slow =
      Outcome::soft_failure("took " + std::to_string(took.count()) + "ms, more than the " +
                            std::to_string(most.count()) + "ms of max_latency");
  slow.latency = outcome.latency;
  return slow;
}

}  // namespace hlb
