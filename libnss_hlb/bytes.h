// Little-endian integers in bytes of any alignment.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace hlb {

template <std::unsigned_integral Int>
constexpr Int little_endian(Int value) {
  if constexpr (std::endian::native == std::endian::little || sizeof(Int) == 1) return value;
  if constexpr (sizeof(Int) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(Int) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(Int) == 8) return __builtin_bswap64(value);
}

template <std::unsigned_integral Int>
Int load(const std::uint8_t* bytes) {
  Int value;
  std::memcpy(&value, bytes, sizeof value);
  return little_endian(value);
}

template <std::unsigned_integral Int>
void store(std::uint8_t* bytes, Int value) {
  value = little_endian(value);
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace hlb
