// JSON as the plain tree that hlbd.toml becomes, too, so that one reader reads both.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/config.h"
#include "config/document.h"

namespace hlb::fleet {

// The value, which has no places; or why the text is none. Takes any bytes. Refused are, beside
// what is no JSON, more than 8 tables and arrays around each other, more than 1,024 values in one
// of them, a key twice in a table, integers that don't fit 64 bits, and null, which TOML lacks.
tl::expected<config::Value, std::string> parse_json(std::string_view text);

// The table of a key's value, without what says whether this version understands it ("v", "needs");
// or why it doesn't.
tl::expected<config::Value, std::string> parse_value(std::string_view text);

// The first of the faults, and how many more there are; empty if there is none.
std::string told(const ConfigErrors& faults);

// Why the tree has a text that nothing in it needs, as hlbd.toml has it; empty if it has none.
std::string fault_of_texts(const config::Value& value);

}  // namespace hlb::fleet
