#include "health/excuses.h"

namespace hlb {

Outcome Excuses::judge(Outcome outcome) {
  if (!outcome.late) {
    in_a_row_ = 0;
    return outcome;
  }
  if (in_a_row_ < kMost) {
    ++in_a_row_;
    return outcome;
  }
  Outcome failure = Outcome::soft_failure("nothing heard again, and " + outcome.reason);
  failure.latency = outcome.latency;
  return failure;
}

}  // namespace hlb
