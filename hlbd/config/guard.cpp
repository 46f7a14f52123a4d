#include "config/guard.h"

#include <algorithm>
#include <string>

#include "text/idn.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kEnd = std::string_view::npos;
constexpr std::string_view kTooDeep =
    "nested too deeply; no key here needs more than 8 brackets or dots";
constexpr std::string_view kNotAscii =
    "a character outside ASCII stands here; use it in comments only";
constexpr std::string_view kNoName =
    "a table header needs a name here, as in [daemon] or [[service]]";
static_assert(kMaxNesting == 8, "named in the message");

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool opens_long_string(std::string_view text, std::size_t at) {
  return text.substr(at, 3) == R"(""")" || text.substr(at, 3) == "'''";
}

// The place after a long string. Up to two quotes before the three that close it belong to it.
std::size_t after_long_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view closing = text.substr(at, 3);
  for (at += 3; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at, 3) == closing) {
      return std::min({text.find_first_not_of(quote, at), at + 5, text.size()});
    }
  }
  return text.size();
}

// The place after a short string, which ends with its line at the latest.
std::size_t after_short_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote) return at + 1;
    if (quote == '"' && text[at] == '\\') ++at;
  }
  return std::min(at, text.size());
}

// Brackets around a place, and dots of the key at it.
struct Depth {
  int brackets = 0;
  int dots = 0;

  void see(char c) {
    if (c == '.') ++dots;
    if (c == '[' || c == '{') ++brackets;
    if (c == ']' || c == '}') brackets = std::max(brackets - 1, 0);
    // These characters can't stand within a key, so the next dot starts another key.
    if (std::string_view("\n,=[]{}").find(c) != kEnd) dots = 0;
  }

  bool too_deep() const { return brackets > kMaxNesting || dots >= kMaxNesting; }
};

// The place after the string or comment at `at`; `at` itself when neither starts there.
std::size_t after_opaque(std::string_view text, std::size_t at) {
  if (text[at] == '#') return std::min(text.find('\n', at), text.size());
  if (text[at] != '"' && text[at] != '\'') return at;
  return opens_long_string(text, at) ? after_long_string(text, at) : after_short_string(text, at);
}

// Why the string, which stands in quotes, is refused; with the mend if it is a hostname.
std::string not_ascii(std::string_view quoted) {
  std::string_view name = quoted.substr(1);
  if (name.ends_with(quoted.front())) name.remove_suffix(1);
  std::string reason(kNotAscii);
  if (const auto ascii = text::idn_to_ascii(name)) {
    reason += "; the hostname " + text::in_quotes(name) + " is written \"" + *ascii + "\"";
  }
  return reason;
}

std::optional<Unsafe> refuse_string(std::string_view text, std::size_t begin, std::size_t end) {
  if (text[begin] == '#') return std::nullopt;
  const std::string_view inside = text.substr(begin, end - begin);
  const auto* found = std::ranges::find_if_not(inside, is_ascii);
  if (found == inside.end()) return std::nullopt;
  return Unsafe{begin + static_cast<std::size_t>(found - inside.begin()), not_ascii(inside)};
}

bool starts_line(std::string_view text, std::size_t at) {
  const std::size_t before = text.substr(0, at).find_last_not_of(" \t");
  return before == kEnd || text[before] == '\n';
}

bool can_start_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-\"'").find(c) != kEnd;
}

std::optional<Unsafe> refuse_header(std::string_view text, std::size_t at) {
  if (text[at] != '[' || !starts_line(text, at)) return std::nullopt;
  const std::size_t brackets = text.substr(at, 2) == "[[" ? 2 : 1;
  const std::size_t name = text.find_first_not_of(" \t", at + brackets);
  if (name == kEnd || can_start_key(text[name])) return std::nullopt;
  return Unsafe{name, std::string(kNoName)};
}

}  // namespace

std::optional<Unsafe> refuse(std::string_view text) {
  Depth depth;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t after = after_opaque(text, at);
    if (after != at) {
      if (const auto refusal = refuse_string(text, at, after)) return refusal;
      at = after;
      continue;
    }
    if (!is_ascii(text[at])) return Unsafe{at, std::string(kNotAscii)};
    if (depth.brackets == 0) {
      if (const auto refusal = refuse_header(text, at)) return refusal;
    }
    depth.see(text[at]);
    if (depth.too_deep()) return Unsafe{at, std::string(kTooDeep)};
    ++at;
  }
  return std::nullopt;
}

}  // namespace hlb::config
