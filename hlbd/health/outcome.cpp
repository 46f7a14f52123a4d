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
