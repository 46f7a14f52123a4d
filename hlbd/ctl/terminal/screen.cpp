#include "ctl/terminal/screen.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>
#include <utility>

#include "ctl/terminal/terminal.h"

namespace hlb::ctl {
namespace {

// Alternate screen, no cursor, no wrapping at the right edge; and back. See console_codes(4).
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kRestOfLine = "\x1b[K";
constexpr std::string_view kRestOfScreen = "\x1b[J";

// The signals that are taken as keys: those that would end the program, and that of a new size.
sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
    ::sigaddset(&set, number);
  return set;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;  // the terminal is gone, of which a signal tells
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Screen::Screen() {
  if (::isatty(STDOUT_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &before_) != 0)
    throw Failure(kTrouble, "--watch needs a terminal");
  if (Terminal::of_standard_output().dumb)
    throw Failure(kTrouble, "--watch needs a terminal that can be painted: TERM is dumb");
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // it would stop on the alternate screen
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  write_all(kEnter);
}

Screen::~Screen() {
  write_all(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  ::close(signals_);
}

void Screen::paint(const std::string& text) {
  std::string frame(kHome);
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    if (start > 0) frame += "\r\n";
    frame.append(text, start, end - start).append(kRestOfLine);
  }
  write_all(frame.append(kRestOfScreen));
}

Screen::Key Screen::wait(const Wanted& wanted, std::chrono::milliseconds limit) {
  std::array<pollfd, 3> polled = {
      {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}, {wanted.descriptor, wanted.events, 0}}};
  auto timeout = static_cast<int>(limit.count());
  if (!typed_.empty()) return take_key();
  if (wanted.timeout_ms >= 0) timeout = std::min(timeout, wanted.timeout_ms);
  if (::poll(polled.data(), polled.size(), timeout) <= 0) return Key::none;
  if (polled[1].revents != 0) return read_signal();
  if (polled[0].revents == 0) return Key::none;
  std::array<char, 64> bytes{};
  const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (size <= 0) return Key::quit;
  typed_.assign(bytes.data(), static_cast<std::size_t>(size));
  return take_key();
}

// Takes the first of the keys that were typed. Drops all that was typed when that begins with none.
Screen::Key Screen::take_key() {
  static constexpr std::array<std::pair<std::string_view, Key>, 13> kKeys = {{
      {"q", Key::quit},
      {"k", Key::up},
      {"\x1b[A", Key::up},
      {"\x1bOA", Key::up},
      {"j", Key::down},
      {"\x1b[B", Key::down},
      {"\x1bOB", Key::down},
      {"b", Key::page_up},
      {"\x1b[5~", Key::page_up},
      {" ", Key::page_down},
      {"\x1b[6~", Key::page_down},
      {"g", Key::top},
      {"\x1b[H", Key::top},
  }};
  const auto* const found = std::ranges::find_if(
      kKeys, [this](const auto& key) { return typed_.starts_with(key.first); });
  typed_.erase(0, found == kKeys.end() ? typed_.size() : found->first.size());
  return found == kKeys.end() ? Key::none : found->second;
}

Screen::Key Screen::read_signal() const {
  signalfd_siginfo told{};
  if (::read(signals_, &told, sizeof told) != sizeof told) return Key::none;
  return told.ssi_signo == SIGWINCH ? Key::resized : Key::quit;
}

}  // namespace hlb::ctl
