#include "health/judge.h"

#include "health/schedule.h"

namespace hlb {
namespace {

Intervals intervals_of(const CheckSpec& spec) {
  return {spec.interval, spec.fast_interval, spec.down_interval};
}

}  // namespace

Judge::Judge(const CheckSpec& spec, State initial)
    : machine_({spec.rise, spec.fall}), damper_(spec.max_flaps) {
  if (initial != State::unknown) machine_.start_from(initial);
}

Ruling Judge::take(const CheckSpec& spec, const Outcome& outcome,
                   const Circumstances& circumstances) {
  Ruling ruling;
  ruling.in_a_row = machine_.against() + 1;
  const State before = machine_.state();
  const bool decided_before = machine_.decided();
  const unsigned factor = damper_.rise_factor(circumstances.now);
  machine_.set_thresholds({spec.rise * factor, spec.fall + (circumstances.mass_failure ? 1U : 0U)});
  ruling.transition = machine_.observe(outcome.result);
  if (ruling.transition == Transition::changed && before != State::unknown) {
    damper_.changed(circumstances.now);
  }
  ruling.rise_factor = damper_.rise_factor(circumstances.now);
  ruling.first = machine_.decided() && !decided_before;
  ruling.wait = ruling.first ? phase(spec.interval, circumstances.identity)
                             : next_wait(intervals_of(spec), outcome, machine_.state(),
                                         machine_.against(), circumstances.chance);
  return ruling;
}

}  // namespace hlb
