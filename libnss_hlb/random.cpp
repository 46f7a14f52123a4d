#include "libnss_hlb/random.h"

#include <sys/auxv.h>

#include <atomic>
#include <cstddef>
#include <cstring>

namespace hlb {
namespace {

// Starts from the process's seed at the first lookup. Threads that look up at once may have the
// same count. No wider than a word: for an atomic of more some 32-bit machines call a library.
constinit std::atomic<std::size_t> lookup_count = 0;

std::size_t process_seed() {
  std::size_t seed = 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the kernel hands it over
  const auto* kernel_bytes = reinterpret_cast<const void*>(getauxval(AT_RANDOM));
  if (kernel_bytes != nullptr) std::memcpy(&seed, kernel_bytes, sizeof seed);
  return seed | 1;  // never 0, which says that it isn't set
}

}  // namespace

std::uint64_t lookup_seed(std::uint64_t now_ns) {
  std::size_t count = lookup_count.load(std::memory_order_relaxed);
  if (count == 0) count = process_seed();
  // Not in one step, which would cost as much as all the rest.
  lookup_count.store(count + 1, std::memory_order_relaxed);
  const auto stack = reinterpret_cast<std::uintptr_t>(&count);
  // The one is stirred before the others come in, so that their steps can't cancel each other.
  return Random(count).next() + now_ns + stack;
}

}  // namespace hlb
