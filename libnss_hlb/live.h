// Words that hlbd changes in a table while programs read them: little-endian, of 32 bits so that
// every machine has them as atomics without a library, at addresses that are a multiple of four.
#pragma once

#include <cstdint>

#include "libnss_hlb/bytes.h"

namespace hlb {

enum class Order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,  // of loads
  release = __ATOMIC_RELEASE,  // of stores
};

template <Order order>
std::uint32_t load_live(const std::uint8_t* bytes) {
  const auto* word = reinterpret_cast<const std::uint32_t*>(bytes);
  return little_endian(__atomic_load_n(word, static_cast<int>(order)));
}

template <Order order>
void store_live(std::uint8_t* bytes, std::uint32_t value) {
  auto* word = reinterpret_cast<std::uint32_t*>(bytes);
  __atomic_store_n(word, little_endian(value), static_cast<int>(order));
}

}  // namespace hlb
