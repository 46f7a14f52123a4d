// Text that came from outside, made fit for one line of a log, an error message or a terminal: the
// one escaping of hlbd and hlbctl. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hlb::text {

// Whether showing the Unicode character does more than show it: control characters (C0, DEL, C1),
// line and paragraph separators, and what turns the direction of writing, so that a line reads as
// another one (Unicode TR36, section 2.6).
constexpr bool is_harmful(char32_t character) {
  return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
         character == 0x200e || character == 0x200f ||
         (character >= 0x2028 && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

// In ASCII: as in C, \n, \r, \t and \\ by letter and all else that isn't printable ASCII as \xNN,
// byte by byte. What doesn't fit `limit` characters is cut off, never within an escape.
std::string printable(std::string_view untrusted, std::size_t limit);

// For people alone: UTF-8 stays what it is where it isn't harmful, as does "\"; the rest is escaped
// as above. Of a text longer than `limit` bytes about as many are shown, with "..." after them,
// never a part of a character.
std::string readable(std::string_view untrusted, std::size_t limit);

}  // namespace hlb::text
