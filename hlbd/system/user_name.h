// The names of users.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace hlb {

// The user's name; nullopt of one whom the system doesn't know. Asks the system, for as long as
// that takes.
std::optional<std::string> name_of_user(uid_t user);

}  // namespace hlb
