// Characters of ASCII by kind, whatever the locale. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace hlb::text {

// A printable character, and no space.
constexpr bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return lower_case(c); });
  return lower;
}

inline bool equal_but_for_case(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other,
                            [](char a, char b) { return lower_case(a) == lower_case(b); });
}

// What hostnames that hlb takes are made of, in lower case: RFC 1123, and "_" as much software
// uses.
constexpr bool is_of_hostname(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace hlb::text
