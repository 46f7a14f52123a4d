// hlbctl's JSON: keys stand in the order in which hlbctl(1) describes them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ctl/terminal/times.h"
#include "operators/report.h"

namespace hlb::ctl {

using Json = nlohmann::ordered_json;

// A moment, as seconds since 1970; null for the zero time.
inline Json json_time(WallTime at) {
  return at == WallTime{} ? Json() : Json(seconds(at));
}

// The text; null for an empty one.
inline Json json_text(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// The text on one line, or, for people to `read`, spread over several. Bytes that aren't UTF-8 are
// replaced, as nothing that a backend says may make hlbctl fail.
inline std::string write(const Json& json, bool read = false) {
  return json.dump(read ? 2 : -1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hlb::ctl
