// Users by name.
#pragma once

#include <cstdint>
#include <string>

namespace hlb::ctl {

// "alice", or "user 1000" for one that the system doesn't know.
std::string user_name(std::uint32_t user_id);

}  // namespace hlb::ctl
