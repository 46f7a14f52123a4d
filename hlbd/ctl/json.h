// How hlbctl writes JSON: keys in the order in which they are documented.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ctl/terminal/times.h"
#include "operators/report.h"

namespace hlb::ctl {

using Json = nlohmann::ordered_json;

// A moment, as seconds since 1970; null for none.
inline Json json_time(WallTime at) {
  return at == WallTime{} ? Json() : Json(seconds(at));
}

inline Json json_text(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// On one line, or, for people to `read`, spread over several. Bytes that aren't UTF-8 are replaced.
inline std::string write(const Json& json, bool read = false) {
  return json.dump(read ? 2 : -1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hlb::ctl
