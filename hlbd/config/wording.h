// How the error messages of the configuration show what the user wrote.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hlb::config {

// A printable ASCII character, and no space.
constexpr bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// `text` on one line: control characters as \xNN, and cut behind about `limit` bytes (never inside
// a UTF-8 character), so that no file can forge log lines or fill the log with one message.
std::string printable(std::string_view text, std::size_t limit);

// The same in double quotes and short enough for the middle of a sentence.
std::string in_quotes(std::string_view text);

// "key" must be `expected`, not `found`
std::string must_be(std::string_view key, std::string_view expected, std::string_view found);

// The word of `known` that was probably meant; empty when none is close.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// "a", "b" or "c"
std::string either(std::span<const std::string_view> words);

}  // namespace hlb::config
