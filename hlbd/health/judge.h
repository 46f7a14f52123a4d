// Judges the outcomes of a check, one after the other: its state, and the wait for the next probe.
// Pure: the caller brings the time and the chance.
#pragma once

#include <chrono>
#include <cstdint>

#include "health/check_spec.h"
#include "health/flap_damper.h"
#include "health/machine.h"
#include "health/outcome.h"

namespace hlb {

// Circumstances of an outcome that the check itself doesn't know.
struct Circumstances {
  FlapDamper::TimePoint now;
  std::uint64_t chance = 0;    // uniform over all 64-bit values
  std::uint64_t identity = 0;  // the check's number, always the same: see phase()
  bool mass_failure = false;   // see MassFailure: a failure is then confirmed once more
};

struct Ruling {
  Transition transition = Transition::unchanged;
  bool first = false;                 // decided for the first time
  unsigned in_a_row = 0;              // outcomes of its kind in a row, when they changed the state
  unsigned rise_factor = 1;           // factor of `rise`; above 1 while flapping
  std::chrono::milliseconds wait{0};  // from the end of the probe to the next
};

class Judge {
 public:
  // `initial` is the state until there are outcomes, see Machine::start_from().
  Judge(const CheckSpec& spec, State initial);

  // Takes the next outcome. `spec` is always the same as at construction.
  Ruling take(const CheckSpec& spec, const Outcome& outcome, const Circumstances& circumstances);

  State state() const { return machine_.state(); }
  bool decided() const { return machine_.decided(); }
  unsigned against() const { return machine_.against(); }

 private:
  Machine machine_;
  FlapDamper damper_;
};

}  // namespace hlb
