// Keeps from the TOML parser what it doesn't survive.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::config {

// toml++ 3.3 bounds nested arrays and inline tables, but not dotted keys: [a.a.a.…] becomes a table
// in a table in a table, and destroying 100,000 of them recursively overflows the stack (seen).
// More brackets or parts of a key than this has no meaning in hlbd.toml anyway.
inline constexpr int kMaxNesting = 8;

struct Unsafe {
  std::size_t offset;
  std::string reason;
};

// The first place where the text
//  - goes deeper than kMaxNesting;
//  - has a character outside ASCII that isn't in a comment: toml++ runs into undefined behaviour
//    where it asks whether such a character is white space (its issues 190 and 295), and no value
//    of hlbd.toml needs any;
//  - has a table header without a name, "[[[": toml++ asserts that there is one (its pull request
//    301).
// nullopt: the text is safe to parse. This holds up to the first syntax error of a text; after that
// nothing has a meaning.
std::optional<Unsafe> refuse(std::string_view text);

}  // namespace hlb::config
