// Work in a child process, so that neither a crash nor a hang of it is ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ctl/within.h"

namespace hlb::ctl::doctor {

// Hands a piece of the result to the parent, which keeps it whatever happens afterwards.
using Tell = std::function<void(std::string_view)>;

struct Aside {
  enum class End : std::uint8_t {
    done,
    late,  // killed at the limit
    died,  // by `signal`, or, when that is 0, by an exit of its own
  };

  End end = End::died;
  int signal = 0;
  std::string told;
};

// Runs `work` in a child whose standard streams are /dev/null, and waits until it ends, or for
// `limit`; then it is killed. To be called while this process has one thread. Throws
// std::system_error when no child can be made.
Aside run_aside(const std::function<void(const Tell&)>& work,
                std::chrono::milliseconds limit = kAnswerLimit);

}  // namespace hlb::ctl::doctor
