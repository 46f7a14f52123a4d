// Which priorities serve, of services that hold better ones back, as text. Pure: the caller brings
// the bytes.
//
// The text is JSON (RFC 8259). Members that a reader doesn't know are ignored by it:
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

using SavedServing = std::map<std::string, std::uint16_t>;  // by the services' names

std::string encode_serving(const SavedServing& serving);

// Takes any bytes. A text with a flaw is of no use at all.
tl::expected<SavedServing, Unusable> decode_serving(std::string_view text);

}  // namespace hlb
