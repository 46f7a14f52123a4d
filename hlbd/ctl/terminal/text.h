// Text on a terminal: what of it can be shown, and how wide it is. The locale's encoding decides,
// see Terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hlb::ctl {

// A text from a backend or a program, made harmless: each control character, byte that isn't UTF-8,
// and character that the locale can't show, becomes a "?".
std::string printable(std::string_view text);

// The columns that printable text takes.
std::size_t width(std::string_view text);

// How a piece of text is shown. These are among the eight colours of every terminal, and such as
// can be read on a light and on a dark ground.
enum class Style : std::uint8_t { plain, bold, green, red, magenta };

// The columns that there are for the lines of a text.
struct Room {
  std::size_t first = 0;    // for its first line, > 0
  std::size_t further = 0;  // for each further line, > 0
  // A word of up to so many columns stays whole, on a line of its own; 0: as many as there are.
  std::size_t longest_word = 0;
};

// A line, or a cell of a table: pieces of printable text, each with its style.
class Styled {
 public:
  struct Piece {
    std::string text;
    Style style = Style::plain;
  };

  Styled() = default;
  Styled(std::string text, Style style = Style::plain);    // NOLINT(google-explicit-constructor)
  Styled(const char* text) : Styled(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  // Both add to the end, and return the line itself.
  Styled& add(std::string text, Style style = Style::plain);
  Styled& append(const Styled& more);

  const std::vector<Piece>& pieces() const { return pieces_; }
  bool empty() const { return pieces_.empty(); }
  std::size_t width() const { return width_; }

  // Lines that are broken between words, and inside of a word that is too long for a line. What
  // fits on the first line stays as it is.
  std::vector<Styled> wrap(const Room& room) const;

  // Appends it as a terminal wants it; without `colour` only the text.
  void write_to(std::string& out, bool colour) const;

 private:
  std::vector<Piece> pieces_;
  std::size_t width_ = 0;
};

}  // namespace hlb::ctl
