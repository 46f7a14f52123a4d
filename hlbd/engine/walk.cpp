#include "engine/walk.h"

#include <utility>

namespace hlb {

Walk::Walk(Clock& clock, std::function<void(std::size_t place)> step, std::function<void()> rested)
    : slices_(
          clock,
          [this, step = std::move(step)] {
            if (under_way()) step(next_++);
            return under_way();
          },
          std::move(rested)) {}

void Walk::start(std::size_t count) {
  next_ = 0;
  count_ = count;
  slices_.go_on();
}

}  // namespace hlb
