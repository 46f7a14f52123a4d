#include "ctl/terminal/text.h"

#include <algorithm>
#include <cwchar>
#include <utility>

#include "text/printable.h"

namespace hlb::ctl {
namespace {

struct Character {
  std::string_view bytes;
  int columns;  // -1: nothing that can be shown
};

bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

// The character that `text`, not empty, starts with, in the locale's encoding.
Character first_character(std::string_view text) {
  if (is_plain(text.front())) return {text.substr(0, 1), 1};
  std::mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t size = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (size == 0 || size > text.size()) return {text.substr(0, 1), -1};
  const bool harmful = text::is_harmful(static_cast<char32_t>(wide));
  return {text.substr(0, size), harmful ? -1 : ::wcwidth(wide)};
}

const char* code_of(Style style) {
  switch (style) {
    case Style::bold:
      return "\x1b[1m";
    case Style::green:
      return "\x1b[32m";
    case Style::red:
      return "\x1b[31m";
    case Style::magenta:
      return "\x1b[35m";
    case Style::plain:
      break;
  }
  return "";
}

// Cuts what fits into `columns`, at least one character, off the front of `text`.
std::string_view take_columns(std::string_view& text, std::size_t columns) {
  std::size_t bytes = 0;
  std::size_t used = 0;
  while (bytes < text.size()) {
    const Character next = first_character(text.substr(bytes));
    const auto wide = static_cast<std::size_t>(std::max(next.columns, 0));
    if (bytes > 0 && used + wide > columns) break;
    used += wide;
    bytes += next.bytes.size();
  }
  const std::string_view taken = text.substr(0, bytes);
  text.remove_prefix(bytes);
  return taken;
}

// Breaks pieces into lines, word by word. A word may be of several pieces.
class Wrapper {
 public:
  explicit Wrapper(const Room& room) : room_(room) {}

  void add(std::string_view text, Style style) {
    while (!text.empty()) {
      const std::size_t spaces = std::min(text.find_first_not_of(' '), text.size());
      if (spaces > 0) end_word();
      gap_ += spaces;
      text.remove_prefix(spaces);
      const std::size_t end = std::min(text.find(' '), text.size());
      add_word(text.substr(0, end), style);
      text.remove_prefix(end);
    }
  }

  std::vector<Styled> lines() && {
    end_word();
    lines_.push_back(std::move(line_));
    return std::move(lines_);
  }

 private:
  // Languages of East Asia have no spaces: a line may end before each wide character.
  void add_word(std::string_view word, Style style) {
    for (std::size_t end = 0; end < word.size();) {
      const Character next = first_character(word.substr(end));
      if (next.columns == 2) {
        word_.add(std::string(word.substr(0, end)), style);
        end_word();
        word.remove_prefix(end);
        end = 0;
      }
      end += next.bytes.size();
    }
    word_.add(std::string(word), style);
  }

  void end_word() {
    if (word_.empty()) return;
    const bool fits = line_.width() + gap_ + word_.width() <= columns();
    if (!line_.empty() && fits) line_.add(std::string(gap_, ' '), line_.pieces().back().style);
    if (!line_.empty() && !fits) end_line();
    gap_ = 0;
    if (word_.width() <= longest()) {
      line_.append(word_);
    } else {
      for (const Styled::Piece& piece : word_.pieces())
        break_up(piece.text, piece.style);
    }
    word_ = Styled();
  }

  void break_up(std::string_view part, Style style) {
    while (line_.width() + width(part) > longest()) {
      const std::size_t left = longest() - std::min(line_.width(), longest());
      if (left > 0) line_.add(std::string(take_columns(part, left)), style);
      end_line();
    }
    line_.add(std::string(part), style);
  }

  std::size_t columns() const { return lines_.empty() ? room_.first : room_.further; }
  std::size_t longest() const { return std::max(columns(), room_.longest_word); }

  void end_line() { lines_.push_back(std::exchange(line_, Styled())); }

  Room room_;
  std::size_t gap_ = 0;  // between the line and the word
  Styled word_;
  Styled line_;
  std::vector<Styled> lines_;
};

}  // namespace

std::string printable(std::string_view text) {
  if (std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string shown;
  while (!text.empty()) {
    const Character next = first_character(text);
    shown += next.columns < 0 ? "?" : next.bytes;
    text.remove_prefix(next.bytes.size());
  }
  return shown;
}

std::size_t width(std::string_view text) {
  if (std::ranges::all_of(text, is_plain)) return text.size();
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    columns += static_cast<std::size_t>(std::max(next.columns, 0));
    text.remove_prefix(next.bytes.size());
  }
  return columns;
}

Styled::Styled(std::string text, Style style) {
  add(std::move(text), style);
}

Styled& Styled::add(std::string text, Style style) {
  if (text.empty()) return *this;
  width_ += ctl::width(text);
  if (!pieces_.empty() && pieces_.back().style == style) {
    pieces_.back().text += text;
  } else {
    pieces_.push_back({std::move(text), style});
  }
  return *this;
}

Styled& Styled::append(const Styled& more) {
  for (const Piece& piece : more.pieces_)
    add(piece.text, piece.style);
  return *this;
}

std::vector<Styled> Styled::wrap(const Room& room) const {
  if (width_ <= room.first) return {*this};
  Wrapper wrapper(room);
  for (const Piece& piece : pieces_)
    wrapper.add(piece.text, piece.style);
  return std::move(wrapper).lines();
}

void Styled::write_to(std::string& out, bool colour) const {
  for (const Piece& piece : pieces_) {
    const bool styled = colour && piece.style != Style::plain;
    if (styled) out += code_of(piece.style);
    out += piece.text;
    if (styled) out += "\x1b[0m";
  }
}

}  // namespace hlb::ctl
