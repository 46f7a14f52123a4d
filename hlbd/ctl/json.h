// hlbctl's JSON: keys stand in the order in which hlbctl(1) describes them.
#pragma once

#include <string>

#include "operators/status_json.h"

namespace hlb::ctl {

// The text, with the end of its line.
inline std::string write(const Json& json, bool read = false) {
  return hlb::text_of(json, read) + "\n";
}

}  // namespace hlb::ctl
