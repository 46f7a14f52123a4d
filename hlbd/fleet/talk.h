// A connection with a member of the engine, as the mirror keeps it: owned by the coroutine, too,
// that awaits it.
#pragma once

#include <memory>

#include "fleet/engine.h"
#include "fleet/mirror.h"

namespace hlb::fleet {

struct Mirror::Talk {
  Connect connect;  // outlives the coroutine that it has made
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Watch> watch;  // of the engine
  bool listed = false;           // already, which once must do
  bool must_list = false;
};

}  // namespace hlb::fleet
