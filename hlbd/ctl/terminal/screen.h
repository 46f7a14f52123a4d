// Takes the whole terminal for a while.
#pragma once

#include <termios.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "ctl/client.h"

namespace hlb::ctl {

// Shows what is painted on the terminal's alternate screen. Its destructor must run, as that brings
// back what was there before; so the signals that would end the program are taken as keys, as is
// the one that says that the window has changed.
class Screen {
 public:
  enum class Key : std::uint8_t { none, quit, up, down, page_up, page_down, top, resized };

  // Throws a Failure where standard input or output is no terminal, or a dumb one.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Shows the lines of `text`, each ended by "\n", from the top, and nothing below. The lines are
  // no wider than the terminal, and no more than its rows.
  static void paint(const std::string& text);

  // Waits for a key, for what the bus wants, or until `limit` has passed; gives Key::none for the
  // last two.
  Key wait(const Wanted& wanted, std::chrono::milliseconds limit);

 private:
  Key take_key();
  Key read_signal() const;

  termios before_{};
  int signals_ = -1;
  std::string typed_;  // and not taken yet
};

}  // namespace hlb::ctl
