// FNV-1a, for what needs a hash that is the same on every host and in every release, and that no
// enemy chooses the input of (http://www.isthe.com/chongo/tech/comp/fnv). Pure.
#pragma once

#include <cstdint>

namespace hlb::text {

inline constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325U;

// The hash of `bytes` after that of what stands before them, which `start` is.
template <typename Bytes>
constexpr std::uint64_t fnv1a(const Bytes& bytes, std::uint64_t start = kFnvStart) {
  std::uint64_t hash = start;
  for (const auto byte : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3U;
  return hash;
}

}  // namespace hlb::text
