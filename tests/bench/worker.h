// A process of its own for one case.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/bench/plan.h"

namespace hlb::bench {

// Forks a process that runs a batch whenever it is told to. It sleeps in between, and prepares its
// case only when first told, so it costs the other cases nothing. Ends with its owner.
class Worker {
 public:
  Worker(const Case& measured, unsigned core);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  // Nanoseconds per lookup of one more batch. Throws std::runtime_error with the worker's reason
  // when the case can't be measured (any more).
  [[nodiscard]] double batch() const;

 private:
  std::string name_;
  int socket_ = -1;
  pid_t process_ = -1;
};

}  // namespace hlb::bench
