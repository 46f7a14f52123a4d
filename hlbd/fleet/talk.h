// A connection with a member of the engine, as the mirror keeps it: owned by the coroutine, too,
// that awaits it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "fleet/engine.h"
#include "fleet/mirror.h"

namespace hlb::fleet {

struct Mirror::Talk {
  // What to do when a watch has ended.
  enum class Then : std::uint8_t {
    part,             // try another member
    resume_unproven,  // watch from after the last change, which the member can't show any more
    list,
  };

  // Why it isn't known whether this copy is of the engine.
  enum class Doubt : std::uint8_t {
    none,
    behind,  // the member has less than was seen of the engine
    silent,  // it doesn't show the last change known, though it should have it
    other,   // it has another change there
  };

  Connect connect;  // outlives the coroutine that it has made
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Watch> watch;  // of the engine
  bool proven = false;  // it is known, or can't be known, whether this copy is of the engine
  bool listed = false;  // already, which once must do
  Doubt doubt = Doubt::none;
  Then then = Then::part;

  // What follows a watch that ended by this fault. Without a proof a watch is resumed only by who
  // was away for a moment: an engine that was restored needs longer to grow past what it was.
  Then after(const EngineFault& fault, bool was_away) {
    if (fault.kind != EngineFault::Kind::compacted) return Then::part;
    return std::exchange(proven, true) || was_away ? Then::list : Then::resume_unproven;
  }
};

}  // namespace hlb::fleet
