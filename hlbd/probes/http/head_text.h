// Reads the head of an HTTP/1.x response, as generously as curl and HAProxy do: LF alone ends a
// line, and what a check has no use for need not make sense. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hlb::probes {

// Compares names of fields, and the words in their values, in whatever case.
bool is_same_name(std::string_view one, std::string_view other);

struct StatusLine {
  unsigned status = 0;      // 100 … 999
  unsigned minor = 1;       // of HTTP/1.1
  std::string_view phrase;  // may be empty
};

// The size of the head that `text` begins with, its blank line included; nullopt if it goes on
// beyond. No blank line begins before `from`, which the caller has made sure of.
std::optional<std::size_t> size_of_head(std::string_view text, std::size_t from);

// Reads the first line of a head, which may have arrived in part. nullopt if it is not HTTP/1.x's.
std::optional<StatusLine> status_line_of(std::string_view head);

// The value of the first field of that name; empty if there is no such field.
std::string_view field_of(std::string_view head, std::string_view name);

// The way that the body ends.
struct Framing {
  enum class End : std::uint8_t { length, chunks, close };

  End end = End::close;
  std::uint64_t length = 0;  // of the body, for End::length
  // Both sides may go on after the body, and everybody would read the head like that: a reply to
  // the next request could otherwise be taken for a part of this one, or the reverse.
  bool leaves_open = false;
};

// `bodiless`: no body follows, whatever the head says. `keeps_by_default`: a connection that
// nothing is said of stays open, as from HTTP/1.1 on.
Framing framing_of(std::string_view head, bool bodiless, bool keeps_by_default);

}  // namespace hlb::probes
