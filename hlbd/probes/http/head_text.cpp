#include "probes/http/head_text.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <charconv>
#include <system_error>

namespace hlb::probes {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::size_t kDigits = 3;  // of a status

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_visible(char c) {
  return c > ' ' && c < '\x7f';
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// Takes the first line off `text`, without what ends it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Takes the first word off a list that is separated by commas.
std::string_view take_word(std::string_view& list) {
  const std::string_view word = list.substr(0, list.find(','));
  list.remove_prefix(std::min(word.size() + 1, list.size()));
  return without_blanks(word);
}

struct Field {
  std::string_view name;
  std::string_view value;
  bool proper = false;  // by RFC 9112, 5
};

Field field_in(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  const std::string_view rest = line.substr(std::min(colon + 1, line.size()));
  const bool proper = colon < line.size() && !name.empty() &&
                      std::ranges::all_of(name, is_visible) &&
                      std::ranges::none_of(rest, is_control);
  return {without_blanks(name), without_blanks(rest), proper};
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || after != end) return std::nullopt;
  return number;
}

// Gathers what all fields together say of the body and of the connection.
class Reading {
 public:
  explicit Reading(std::string_view head) {
    proper_ = ends_lines_with_crlf(head);
    take_line(head);
    while (!head.empty()) {
      const std::string_view line = take_line(head);
      if (!line.empty()) take(field_in(line));
    }
  }

  Framing framing(bool bodiless, bool keeps_by_default) const {
    Framing framing;
    if (bodiless) {
      framing.end = Framing::End::length;
    } else if (chunked_) {
      framing.end = Framing::End::chunks;
    } else if (length_ && encodings_ == 0) {
      framing = {.end = Framing::End::length, .length = *length_};
    }
    const bool told_once = bodiless || lengths_ + encodings_ == 1;
    framing.leaves_open = framing.end != Framing::End::close && proper_ && told_once && !closes_ &&
                          (keeps_ || keeps_by_default);
    return framing;
  }

 private:
  static bool ends_lines_with_crlf(std::string_view head) {
    for (std::size_t at = head.find('\n'); at != std::string_view::npos;
         at = head.find('\n', at + 1)) {
      if (at == 0 || head[at - 1] != '\r') return false;
    }
    return true;
  }

  void take(const Field& field) {
    proper_ = proper_ && field.proper;
    if (is_same_name(field.name, "Content-Length")) {
      ++lengths_;
      length_ = number_in(field.value);
    } else if (is_same_name(field.name, "Transfer-Encoding")) {
      ++encodings_;
      chunked_ =
          is_same_name(without_blanks(field.value.substr(field.value.rfind(',') + 1)), "chunked");
    } else if (is_same_name(field.name, "Connection")) {
      take_options(field.value);
    }
  }

  void take_options(std::string_view list) {
    while (!list.empty()) {
      const std::string_view option = take_word(list);
      closes_ = closes_ || is_same_name(option, "close");
      keeps_ = keeps_ || is_same_name(option, "keep-alive");
    }
  }

  bool proper_ = true;
  unsigned lengths_ = 0;
  unsigned encodings_ = 0;
  std::optional<std::uint64_t> length_;  // nullopt: the last one is no number
  bool chunked_ = false;                 // by the last encoding
  bool closes_ = false;
  bool keeps_ = false;
};

}  // namespace

bool is_same_name(std::string_view one, std::string_view other) {
  return boost::beast::iequals({one.data(), one.size()}, {other.data(), other.size()});
}

std::optional<std::size_t> size_of_head(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('\n', from); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    const std::string_view next = text.substr(at + 1, 2);
    if (next.starts_with('\n')) return at + 2;
    if (next == "\r\n") return at + 3;
  }
  return std::nullopt;
}

std::optional<StatusLine> status_line_of(std::string_view head) {
  std::string_view line = take_line(head);
  if (!line.starts_with(kVersion)) return std::nullopt;
  line.remove_prefix(kVersion.size());
  if (line.size() < 2 || !is_digit(line[0]) || line[1] != ' ') return std::nullopt;
  const auto minor = static_cast<unsigned>(line[0] - '0');
  line.remove_prefix(std::min(line.find_first_not_of(' ', 1), line.size()));
  const auto status = number_in(line.substr(0, kDigits));
  const std::string_view rest = line.substr(std::min(kDigits, line.size()));
  if (!status || *status < 100 || !(rest.empty() || rest.starts_with(' '))) return std::nullopt;
  return StatusLine{static_cast<unsigned>(*status), minor, without_blanks(rest)};
}

std::string_view field_of(std::string_view head, std::string_view name) {
  take_line(head);
  while (!head.empty()) {
    const Field field = field_in(take_line(head));
    if (is_same_name(field.name, name)) return field.value;
  }
  return "";
}

Framing framing_of(std::string_view head, bool bodiless, bool keeps_by_default) {
  return Reading(head).framing(bodiless, keeps_by_default);
}

}  // namespace hlb::probes
