#include "system/user_name.h"

#include <pwd.h>

#include <array>

namespace hlb {

std::optional<std::string> name_of_user(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16'384> strings{};
  ::getpwuid_r(user, &entry, strings.data(), strings.size(), &found);
  if (found == nullptr) return std::nullopt;
  return found->pw_name;
}

}  // namespace hlb
