// The properties of standard output.
#pragma once

#include <cstddef>

namespace hlb::ctl {

struct Terminal {
  bool interactive = false;  // a terminal, not a file or a pipe
  std::size_t columns = 0;   // 0: no limit
  std::size_t rows = 0;      // 0: no limit
  bool colour = false;
  bool utf8 = false;  // its characters are those of Unicode

  // The properties now; asked again, those of the window by then. Takes the locale of the
  // environment (LC_CTYPE). COLUMNS and LINES go before what the terminal says. There is no colour
  // with NO_COLOR (no-color.org) or TERM=dumb.
  static Terminal of_standard_output();
};

}  // namespace hlb::ctl
