// The properties of standard output.
#pragma once

#include <cstddef>

namespace hlb::ctl {

struct Terminal {
  bool interactive = false;  // a terminal, not a file or a pipe
  std::size_t columns = 0;   // 0: no limit
  std::size_t rows = 0;      // 0: no limit
  bool dumb = false;         // it can't move its cursor
  bool colour = false;
  bool utf8 = false;  // its characters are those of Unicode
  // It shows what is wider than itself on several rows, and copies it as one word.
  bool folds = true;

  // The properties now; asked again, those of the window by then. Takes the locale of the
  // environment (LC_CTYPE). COLUMNS and LINES go before what the terminal says. There is no colour
  // with NO_COLOR (no-color.org) or TERM=dumb.
  static Terminal of_standard_output();

  // The same for a screen that is painted: no wider and higher than the terminal says, whatever the
  // variables; and nothing folds.
  static Terminal of_screen();
};

}  // namespace hlb::ctl
