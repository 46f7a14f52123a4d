#include "ctl/terminal/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace hlb::ctl {
namespace {

constexpr std::size_t kUsualColumns = 80;
constexpr std::size_t kUsualRows = 24;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

winsize size_told() {
  winsize told{};
  ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &told);
  return told;
}

// The first that is known: the variable's number, what the terminal says, the usual.
std::size_t size(const char* name, std::size_t told, std::size_t usual) {
  const std::string_view text = variable(name);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && number > 0) return number;
  return told > 0 ? told : usual;
}

}  // namespace

Terminal Terminal::of_standard_output() {
  Terminal terminal;
  terminal.utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  terminal.interactive = ::isatty(STDOUT_FILENO) != 0;
  if (!terminal.interactive) return terminal;
  terminal.dumb = variable("TERM") == "dumb";
  const winsize told = size_told();
  terminal.columns = size("COLUMNS", told.ws_col, kUsualColumns);
  terminal.rows = size("LINES", told.ws_row, kUsualRows);
  terminal.colour = variable("NO_COLOR").empty() && !terminal.dumb;
  return terminal;
}

Terminal Terminal::of_screen() {
  Terminal terminal = of_standard_output();
  const winsize told = size_told();
  if (told.ws_col > 0) terminal.columns = std::min<std::size_t>(terminal.columns, told.ws_col);
  if (told.ws_row > 0) terminal.rows = std::min<std::size_t>(terminal.rows, told.ws_row);
  terminal.folds = false;
  return terminal;
}

}  // namespace hlb::ctl
