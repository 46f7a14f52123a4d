#include "ctl/user_name.h"

#include <pwd.h>

#include <map>

namespace hlb::ctl {

std::string user_name(std::uint32_t user_id) {
  static std::map<std::uint32_t, std::string> known;  // a look-up may ask a server
  const auto [place, is_new] = known.try_emplace(user_id);
  if (is_new) {
    const passwd* const user = ::getpwuid(user_id);
    place->second = user == nullptr ? "user " + std::to_string(user_id) : user->pw_name;
  }
  return place->second;
}

}  // namespace hlb::ctl
