// Hostnames as hlb compares them: lower-case (ASCII), one trailing dot dropped, at most 253 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace hlb {

inline constexpr std::size_t kMaxNameLength = 253;  // RFC 1035, 2.3.4, in its text form

// A name made comparable; holds its own copy. Bytes that no hostname has are kept as they are: such
// a name is simply never found.
class Name {
 public:
  explicit Name(std::string_view asked);

  // False for what is never a service: empty, longer than kMaxNameLength, or a numeric address.
  bool plausible() const { return length_ != 0; }
  std::string_view text() const { return {text_.data(), length_}; }

 private:
  std::array<char, kMaxNameLength + 3> text_;  // written in eights; the first length_ bytes are set
  std::uint16_t length_ = 0;
};

// Where a name stands in a table: see TABLE.md. The names hashed into a table are the operator's
// own, so nobody can make them collide.
std::uint64_t hash(std::string_view text);

}  // namespace hlb
