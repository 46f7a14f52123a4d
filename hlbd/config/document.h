// A TOML text as a plain tree in which every key and value knows its place.
// document.cpp alone knows the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hlb::config {

// Counted from 1, columns in characters, as editors do.
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

// The root table, or the first fault. Bounded in depth for any bytes whatever, and never throws for
// what they are.
std::variant<Value, SyntaxFault> parse_document(std::string_view text);

// "a string", "an integer", …: what an error message calls the type of a value.
std::string_view kind_of(const Value& value);

}  // namespace hlb::config
