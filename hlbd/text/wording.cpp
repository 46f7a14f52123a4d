#include "text/wording.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "text/printable.h"

namespace hlb::text {

namespace {

constexpr std::size_t kQuotedLimit = 64;
constexpr std::size_t kLongestWord = 64;  // bounds the work: hardly a word is longer

// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return '"' + readable(text, kQuotedLimit) + '"';
}

std::string must_be(std::string_view key, std::string_view expected, std::string_view found) {
  return in_quotes(key).append(" must be ").append(expected).append(", not ").append(found);
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = 3;  // two slips at most, and half of the word must be right
  if (word.size() > kLongestWord) return best;
  for (const std::string_view candidate : known) {
    const std::size_t slips = distance(word, candidate);
    if (slips >= best_distance || slips * 2 > candidate.size()) continue;
    best = candidate;
    best_distance = slips;
  }
  return best;
}

std::string either(std::span<const std::string_view> words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += in_quotes(words[i]);
  }
  return result;
}

std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count).append(" ").append(one).append(count == 1 ? "" : "s");
}

}  // namespace hlb::text
