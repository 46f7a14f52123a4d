// The operator's overrides as text, so that they outlive hlbd and the machine's boot. Pure: the
// caller brings the time and the bytes.
//
// The text is JSON (RFC 8259). Members that a reader doesn't know are ignored by it; `reason` and
// `until` may be absent:
//
//   {"version":1,"overrides":[
//   {"service":"app.local","address":"10.0.0.1","kind":"drain","reason":"disk swap","set_by":0,
//    "since_ms":1732…,"state_then":"up","until":{"boot_id":"…","boottime_ms":4711,"wall_ms":1732…}}
//   ]}
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "engine/clock.h"
#include "health/overrides.h"
#include "system/moment.h"
#include "system/whole_file.h"

namespace hlb {

inline constexpr std::string_view kOverrideFile = "overrides.json";  // in the state folder

using SavedOverrides = std::vector<std::pair<Overrides::Key, Override>>;

// Now, by the clock that ends overrides and by those that a restart doesn't stop.
struct Present {
  Clock::TimePoint steady;
  Moment moment;
};

std::string encode_overrides(const Overrides& overrides, const Present& now);

// Takes any bytes. A text with a flaw is of no use at all. Those that have ended meanwhile are left
// out, and so are backends on an interface that is gone.
tl::expected<SavedOverrides, Unusable> decode_overrides(std::string_view text, const Present& now);

}  // namespace hlb
