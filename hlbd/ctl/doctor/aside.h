// Work in a child process, so that neither a crash nor a hang of it is ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hlb::ctl::doctor {

// How long hlbctl waits for anything outside of it: with what it does itself, less than 2 s.
inline constexpr std::chrono::milliseconds kPatience{1800};

// Hands a piece of the result to the parent; what was handed over counts, whatever comes after.
using Tell = std::function<void(std::string_view)>;

struct Aside {
  enum class End : std::uint8_t {
    done,
    late,  // killed at the limit
    died,  // by `signal`, or by an exit of its own (0)
  };

  End end = End::died;
  int signal = 0;
  std::string told;
};

// Runs `work` in a child with no standard output of its own, and waits until it ends, or for
// `limit`. This process has one thread.
Aside run_aside(const std::function<void(const Tell&)>& work,
                std::chrono::milliseconds limit = kPatience);

}  // namespace hlb::ctl::doctor
