// A TOML text as a plain tree in which every key and value knows its place.
// document.cpp alone knows the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace hlb::config {

// A place in a text, as editors count: from 1, and columns in characters.
struct Position {
  unsigned line = 0;
  unsigned column = 0;
};

struct Entry;

struct Value {
  using Table = std::vector<Entry>;
  using Array = std::vector<Value>;
  struct DateOrTime {};

  Position at;
  std::variant<DateOrTime, bool, std::int64_t, double, std::string, Array, Table> data;

  const Table* as_table() const { return std::get_if<Table>(&data); }
  const Array* as_array() const { return std::get_if<Array>(&data); }
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Value value;
};

struct SyntaxFault {
  Position at;
  std::string message;
};

// The root table, or the first fault. Takes any bytes: its recursion is bounded, and it throws for
// none of them.
tl::expected<Value, SyntaxFault> parse_document(std::string_view text);

// The type of a value as an error message calls it: "a string", "an integer", …
std::string_view kind_of(const Value& value);

// The value as an error message shows it: a string in quotes, a number, else its type.
std::string shown(const Value& value);

}  // namespace hlb::config
