// That hlbd itself was late excuses a backend from which nothing was heard, but not for ever. Pure.
#pragma once

#include <cstdint>

#include "health/outcome.h"

namespace hlb {

class Excuses {
 public:
  // So many in a row are unknown. On a host so short of CPU time that hlbd is late each time, a
  // backend that hangs would otherwise never be found.
  static constexpr unsigned kMost = 3;

  // What counts of a check's next outcome: beyond those that are excused a late one is a soft
  // failure.
  Outcome judge(Outcome outcome);

 private:
  std::uint8_t in_a_row_ = 0;
};

}  // namespace hlb
