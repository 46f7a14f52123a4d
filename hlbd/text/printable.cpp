#include "text/printable.h"

#include <algorithm>

namespace hlb::text {
namespace {

std::string escaped(char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\\':
      return "\\\\";
    default:
      break;
  }
  if (byte >= ' ' && byte <= '~') return {byte};
  const auto value = static_cast<unsigned char>(byte);
  return {'\\', 'x', kHex[value >> 4U], kHex[value & 15U]};
}

// A character in UTF-8.
struct Character {
  char32_t value = 0;
  std::size_t size = 0;  // in bytes; 0: it is none
};

constexpr Character kNone;

// How many bytes follow a first one, and which of its bits belong to the character.
struct Lead {
  std::size_t followers;
  unsigned bits;
  char32_t least;  // a smaller one is to be written shorter (RFC 3629)
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return {1, byte & 0x1fU, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return {2, byte & 0x0fU, 0x800};
  return {3, byte & 0x07U, 0x10000};
}

// The one that `text`, not empty, begins with.
Character first_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if ((byte >= 0x80 && byte < 0xc2) || byte >= 0xf5) return kNone;
  const Lead lead = lead_of(byte);
  if (text.size() <= lead.followers) return kNone;
  char32_t value = lead.bits;
  for (const char follower : text.substr(1, lead.followers)) {
    const auto more = static_cast<unsigned char>(follower);
    if ((more & 0xc0U) != 0x80) return kNone;
    value = (value << 6U) | (more & 0x3fU);
  }
  const bool is_surrogate = value >= 0xd800 && value < 0xe000;
  if (value < lead.least || value > 0x10ffff || is_surrogate) return kNone;
  return {value, lead.followers + 1};
}

}  // namespace

std::string printable(std::string_view untrusted, std::size_t limit) {
  std::string text;
  for (const char byte : untrusted) {
    const std::string next = escaped(byte);
    if (text.size() + next.size() > limit) break;
    text += next;
  }
  return text;
}

std::string readable(std::string_view untrusted, std::size_t limit) {
  std::string text;
  std::size_t shown = 0;
  while (shown < untrusted.size()) {
    const std::string_view rest = untrusted.substr(shown);
    const Character next = first_character(rest);
    const std::size_t size = std::max<std::size_t>(next.size, 1);
    if (shown + size > limit) return text + "...";
    if (next.size > 0 && !is_harmful(next.value)) {
      text += rest.substr(0, size);
    } else {
      for (const char byte : rest.substr(0, size))
        text += escaped(byte);
    }
    shown += size;
  }
  return text;
}

}  // namespace hlb::text
