#include "libnss_hlb/name.h"

#include <algorithm>
#include <cstring>

#include "libnss_hlb/bytes.h"

namespace hlb {
namespace {

// Every lookup of the machine comes through here: eight bytes at a time.
constexpr std::size_t kStep = 8;
constexpr std::uint64_t kEach = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x80 * kEach;

// The bytes from `at` on, zeroes after the end.
std::uint64_t step_at(std::string_view text, std::size_t at) {
  const std::size_t left = text.size() - at;
  std::uint64_t bytes = 0;
  if (left >= kStep) {
    std::memcpy(&bytes, text.data() + at, kStep);
    return bytes;
  }
  if (text.size() >= kStep) {
    std::memcpy(&bytes, text.data() + text.size() - kStep, kStep);
    return little_endian(little_endian(bytes) >> 8 * (kStep - left));
  }
  auto* each = reinterpret_cast<char*>(&bytes);
  for (; at < text.size(); ++at)
    *each++ = text[at];
  return bytes;
}

// Adding what is missing to 0x80 sets a byte's high bit for all that are larger.
std::uint64_t lower(std::uint64_t bytes) {
  const std::uint64_t low_bits = bytes & ~kHighBits;
  const std::uint64_t from_a = low_bits + (0x80 - 'A') * kEach;
  const std::uint64_t beyond_z = low_bits + (0x80 - 'Z' - 1) * kEach;
  const std::uint64_t upper_case = (from_a ^ beyond_z) & ~bytes & kHighBits;
  return bytes | upper_case >> 2U;  // 0x20 sets them apart
}

bool has_colon(std::uint64_t bytes) {
  const std::uint64_t others = bytes ^ ':' * kEach;
  return ((others - kEach) & ~others & kHighBits) != 0;
}

bool is_numeric_ipv4(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

Name::Name(std::string_view asked) {
  if (asked.ends_with('.')) asked.remove_suffix(1);
  if (asked.empty() || asked.size() > kMaxNameLength || is_numeric_ipv4(asked)) return;
  bool numeric_ipv6 = false;
  for (std::size_t at = 0; at < asked.size(); at += kStep) {
    const std::uint64_t bytes = lower(step_at(asked, at));
    numeric_ipv6 |= has_colon(bytes);
    std::memcpy(text_.data() + at, &bytes, kStep);
  }
  if (!numeric_ipv6) length_ = static_cast<std::uint16_t>(asked.size());
}

std::uint64_t hash(std::string_view text) {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;
  std::uint64_t value = text.size();
  for (std::size_t at = 0; at < text.size(); at += kStep) {
    value = (value ^ little_endian(step_at(text, at))) * kFactor;
    value ^= value >> 32U;  // the low bits of a product know little of the high ones
  }
  return value;
}

}  // namespace hlb
