// How messages show what somebody wrote, and what they mean by it. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hlb::text {

// `text`, readable, in double quotes and short enough for the middle of a sentence.
std::string in_quotes(std::string_view text);

// "key" must be `expected`, not `found`
std::string must_be(std::string_view key, std::string_view expected, std::string_view found);

// The word of `known` that was probably meant; empty when none is close.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// "a", "b" or "c"
std::string either(std::span<const std::string_view> words);

// "1 service", "2 services": `one` is the word for a single one, which takes an s.
std::string counted(std::size_t count, std::string_view one);

}  // namespace hlb::text
