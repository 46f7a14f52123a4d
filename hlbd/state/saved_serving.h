// Encodes as text which priorities serve, of services that hold better priorities back. Pure: the
// caller brings the bytes.
//
// The text is JSON (RFC 8259). A reader ignores members that it doesn't know:
//
//   {"version":1,"serving":[{"service":"db.local","priority":1}]}
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "system/whole_file.h"

namespace hlb {

inline constexpr std::string_view kFailbackFile = "failback.json";  // in the state folder

using SavedServing = std::map<std::string, std::uint16_t>;  // by service

std::string encode_serving(const SavedServing& serving);

// Decodes any bytes. A text with a flaw is of no use at all.
tl::expected<SavedServing, Unusable> decode_serving(std::string_view text);

}  // namespace hlb
