#include "libnss_hlb/name.h"

namespace hlb {
namespace {

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool in_numeric_ipv4(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

}  // namespace

// Every lookup of the machine comes through here: one pass, no call.
Name::Name(std::string_view asked) {
  if (asked.ends_with('.')) asked.remove_suffix(1);
  if (asked.empty() || asked.size() > kMaxNameLength) return;
  bool numeric_ipv4 = true;
  bool numeric_ipv6 = false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    numeric_ipv4 &= in_numeric_ipv4(asked[i]);
    numeric_ipv6 |= asked[i] == ':';
    text_[i] = lower(asked[i]);
  }
  if (!numeric_ipv4 && !numeric_ipv6) length_ = static_cast<std::uint16_t>(asked.size());
}

std::uint64_t hash(std::string_view text) {
  std::uint64_t value = kFnvBasis;
  for (const char c : text) {
    value = (value ^ static_cast<std::uint8_t>(c)) * kFnvPrime;
  }
  return value ^ (value >> 32);  // FNV's low bits alone know little of the last bytes
}

}  // namespace hlb
