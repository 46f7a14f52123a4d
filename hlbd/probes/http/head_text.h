// What stands in the head of an HTTP/1.x response. Read as generously as curl and HAProxy do: LF
// alone ends a line, and what a check has no use for need not make sense. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hlb::probes {

// Of fields, and of the words in their values: in whatever case.
bool is_same_name(std::string_view one, std::string_view other);

struct StatusLine {
  unsigned status = 0;      // 100 … 999
  unsigned minor = 1;       // of HTTP/1.1
  std::string_view phrase;  // may be empty
};

// The size of the head that `text` begins with, its blank line included; nullopt if it goes on
// beyond. There is no blank line that begins before `from`.
std::optional<std::size_t> size_of_head(std::string_view text, std::size_t from);

// Of a head, or of as much of one as has arrived. nullopt if its first line is none of HTTP/1.x.
std::optional<StatusLine> status_line_of(std::string_view head);

// The value of the first field of that name; empty if there is none.
std::string_view field_of(std::string_view head, std::string_view name);

// How the body ends.
struct Framing {
  enum class End : std::uint8_t { length, chunks, close };

  End end = End::close;
  std::uint64_t length = 0;  // of the body, for End::length
  // Everybody would read the head like that, and both sides may go on after the body. A reply to
  // the next request could otherwise be taken for a part of this one, or the reverse.
  bool leaves_open = false;
};

// `bodiless`: no body follows, whatever the head says.
Framing framing_of(std::string_view head, bool bodiless);

}  // namespace hlb::probes
