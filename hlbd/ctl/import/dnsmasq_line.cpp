// The part of formats.h about the syntax of dnsmasq's configuration.
#include <cctype>
#include <optional>

#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

// The characters that may follow a backslash inside quotes, and what each then stands for.
constexpr std::string_view kEscapes = "\"\\tnbre";
constexpr std::string_view kEscaped = "\"\\\t\n\b\r\033";

bool is_white(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// Appends what stands before the closing quote, and returns what follows it; nullopt without one.
std::optional<std::string_view> take_quoted(std::string_view rest, std::string& into) {
  while (!rest.empty() && rest.front() != '"') {
    const std::size_t escape =
        rest.front() == '\\' && rest.size() > 1 ? kEscapes.find(rest[1]) : std::string_view::npos;
    const bool escaped = escape != std::string_view::npos;
    into += escaped ? kEscaped[escape] : rest.front();
    rest.remove_prefix(escaped ? 2 : 1);
  }
  if (rest.empty()) return std::nullopt;
  return rest.substr(1);
}

// The text, as if quoted parts stood there without quotes; nullopt if a quote isn't closed. A
// comment begins with a "#" at the start of the line or after white space.
std::optional<std::string> without_quotes_and_comment(std::string_view line) {
  std::string text;
  bool after_white = true;
  while (!line.empty()) {
    const char c = line.front();
    if (after_white && c == '#') break;
    line.remove_prefix(1);
    after_white = is_white(c);
    if (c != '"') {
      text += c;
    } else if (const auto rest = take_quoted(line, text)) {
      line = *rest;
    } else {
      return std::nullopt;
    }
  }
  return text;
}

}  // namespace

tl::expected<DnsmasqOption, std::string> parse_dnsmasq_line(std::string_view line) {
  const auto text = without_quotes_and_comment(line);
  if (!text) {
    return tl::unexpected<std::string>(
        "has a quote that isn't closed, which dnsmasq refuses; close it");
  }
  std::string_view rest = trimmed(*text);
  if (rest.starts_with("--")) rest.remove_prefix(2);
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return DnsmasqOption{std::string(rest), ""};
  return DnsmasqOption{std::string(trimmed(rest.substr(0, equals))),
                       std::string(trimmed(rest.substr(equals + 1)))};
}

std::vector<std::string_view> parts_of(std::string_view argument, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = argument.find(separator);
    parts.push_back(trimmed(argument.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    argument.remove_prefix(end + 1);
  }
}

}  // namespace hlb::ctl
