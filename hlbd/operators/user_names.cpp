#include "operators/user_names.h"

#include <pwd.h>

#include <array>
#include <utility>

namespace hlb {
namespace {

std::string by_number(std::uint32_t user_id) {
  return "user " + std::to_string(user_id);
}

}  // namespace

void UserNames::look_up(std::uint32_t user_id) {
  const auto [place, is_new] = known_.try_emplace(user_id);
  if (!is_new) return;
  const bool taken = worker_.post([this, user_id]() -> Worker::Completion {
    return [this, user_id, name = user_name_now(user_id)] { known_[user_id] = name; };
  });
  if (!taken) known_.erase(place);
}

std::string UserNames::name(std::uint32_t user_id) {
  look_up(user_id);
  const auto found = known_.find(user_id);
  const bool known = found != known_.end() && !found->second.empty();
  return known ? found->second : by_number(user_id);
}

std::string user_name_now(std::uint32_t user_id) {
  passwd user{};
  passwd* found = nullptr;
  std::array<char, 16'384> strings{};
  ::getpwuid_r(user_id, &user, strings.data(), strings.size(), &found);
  return found == nullptr ? by_number(user_id) : found->pw_name;
}

}  // namespace hlb
