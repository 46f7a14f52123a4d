// Chance for choosing answers: fast, and different in every process, thread and child.
#pragma once

#include <cstdint>

namespace hlb {

// A short stream of numbers for one lookup (SplitMix64). Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // Uniform over 0 … limit - 1, for limit > 0. Multiplying instead of rejecting (Lemire 2019) has a
  // bias below limit / 2^64, far below what can be observed.
  std::uint32_t below(std::uint32_t limit) {
    // The upper half of a product of 96 bits, in two steps: 32-bit machines have no __int128.
    const std::uint64_t number = next();
    const std::uint64_t low = (number & UINT32_MAX) * limit;
    const std::uint64_t high = (number >> 32) * limit;
    return static_cast<std::uint32_t>((high + (low >> 32)) >> 32);
  }

 private:
  std::uint64_t state_;
};

// A seed for one lookup that starts at `now_ns`. Costs no system call: the kernel's random bytes
// for this process (getauxval(3), AT_RANDOM), a count of lookups, the nanosecond, so that a parent
// and its children differ, which share the other two, and the place of the stack, so that threads
// do.
std::uint64_t lookup_seed(std::uint64_t now_ns);

}  // namespace hlb
