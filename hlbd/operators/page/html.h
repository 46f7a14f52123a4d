// Pieces of HTML. Whatever comes from backends, the configuration, operators or the client goes
// through escaped() or shown() before it becomes one. Pure.
#pragma once

#include <string>
#include <string_view>

#include "system/moment.h"

namespace hlb::page {

// The text, in which no character has a meaning to HTML, neither in an element nor in a quoted
// attribute; and none does more than show, see text::is_harmful().
std::string escaped(std::string_view text);

// A text from outside, in an element of its own that keeps its direction of writing to itself: cut
// where it is long.
std::string shown(std::string_view untrusted);

// As a value in a link's query.
std::string in_query(std::string_view text);

// A moment of UTC, said as briefly as `now` allows: "14:04:07", "26 Nov 05:04"; "-" for the zero
// time.
std::string time_of(WallTime at, WallTime now);

// The time of the day, with its zone.
std::string as_of(WallTime now);

// The same as time_of(), and how long ago that was.
std::string since(WallTime at, WallTime now);

// "41 s", "5 min", "3 h", "2 d".
std::string age(WallTime at, WallTime now);

// A word in the colour of its kind; both are the program's own.
std::string coloured(std::string_view kind, std::string_view word);

}  // namespace hlb::page
