// Writes to the engine now and then, by a connection for each transaction.
#pragma once

#include <memory>
#include <string>

#include "fleet/engine.h"

namespace hlb::fleet {

// Used by one loop alone. One transaction at a time; it is cut off when this is destroyed, as the
// coroutine that awaits it has to be before.
class EngineWriter {
 public:
  explicit EngineWriter(Connect connect);
  ~EngineWriter();
  EngineWriter(const EngineWriter&) = delete;
  EngineWriter& operator=(const EngineWriter&) = delete;

  // Connects to the member at this endpoint, and has it make the writes.
  Async<Committed> write(std::string endpoint, Transaction transaction);

 private:
  void disconnect();

  Connect connect_;
  std::unique_ptr<Engine> engine_;  // while it is asked
};

}  // namespace hlb::fleet
