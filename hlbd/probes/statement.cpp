#include "probes/statement.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <system_error>

#include "text/ascii.h"

namespace hlb::probes {
namespace {

constexpr std::string_view kBetweenWords = " \t\r\n,";

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::optional<std::uint16_t> percentage(std::string_view word) {
  if (!word.ends_with('%')) return std::nullopt;
  word.remove_suffix(1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  if (!whole || number > kMaxWeightPercent) return std::nullopt;
  return number;
}

// Returns whether the word is known.
bool take(const std::string& word, Statement& statement) {
  constexpr std::array<std::string_view, 4> kDown = {"down", "fail", "failed", "stopped"};
  constexpr std::array<std::string_view, 2> kDrained = {"drain", "maint"};
  if (word == "up") {
    statement.up = true;
  } else if (is_among(kDown, word)) {
    statement.up = false;
  } else if (word == "ready") {
    statement.advice.drained = false;
  } else if (is_among(kDrained, word)) {
    statement.advice.drained = true;
  } else if (const auto percent = percentage(word)) {
    statement.advice.weight_percent = percent;
  } else {
    return word.starts_with("maxconn:");
  }
  return true;
}

}  // namespace

Statement read_statement(std::string_view line) {
  line = line.substr(0, line.find('#'));
  Statement statement;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBetweenWords), line.size()));
    if (line.empty()) return statement;
    const std::string_view word = line.substr(0, line.find_first_of(kBetweenWords));
    line.remove_prefix(word.size());
    const bool understood = take(text::lower_case(word), statement);
    if (!understood && statement.not_understood.empty()) statement.not_understood = word;
  }
}

}  // namespace hlb::probes
